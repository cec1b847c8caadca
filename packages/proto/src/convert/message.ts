import { type ChatMessage, type Media, MusterError } from "@muster/base";
import type { ChatMessage as Wire, ChatMessage__Output as WireRead } from "../gen/muster/v1/ChatMessage.ts";

export function messageToWire({ toolCalls, media, ...message }: ChatMessage): Wire {
  return {
    ...message,
    ...(toolCalls === undefined ? {} : { toolCalls: [...toolCalls] }),
    ...(media === undefined ? {} : { media: [...media] }),
  };
}

/** Throws MusterError `invalid_request` for roles and kinds of media that are unknown here. */
export function messageFromWire(wire: WireRead): ChatMessage {
  return {
    role: roleFromWire(wire.role),
    content: wire.content,
    ...(wire.name === undefined ? {} : { name: wire.name }),
    ...(wire.reasoning === undefined ? {} : { reasoning: wire.reasoning }),
    ...(wire.toolCallId === undefined ? {} : { toolCallId: wire.toolCallId }),
    ...(wire.toolCalls.length === 0
      ? {}
      : { toolCalls: wire.toolCalls.map(({ id, name, argumentsJson }) => ({ id, name, argumentsJson })) }),
    ...(wire.media.length === 0
      ? {}
      : {
          media: wire.media.map(({ kind, mediaType, base64, at }) => ({
            kind: mediaKindFromWire(kind),
            mediaType,
            base64,
            at,
          })),
        }),
  };
}

function roleFromWire(role: string): ChatMessage["role"] {
  if (role === "system" || role === "user" || role === "assistant" || role === "tool") return role;
  throw new MusterError("invalid_request", `The orchestrator's request has the unknown role "${role}".`);
}

function mediaKindFromWire(kind: string): Media["kind"] {
  if (kind === "image" || kind === "audio") return kind;
  throw new MusterError(
    "invalid_request",
    `The orchestrator's request has media of the unknown kind "${kind}".`,
  );
}
