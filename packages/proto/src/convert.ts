import { type ChatMessage, type GenerateRequest, type Hardware, MusterError } from "@muster/base";
import type { Hardware__Output } from "./gen/muster/v1/Hardware.ts";
import type { InferenceRequest, InferenceRequest__Output } from "./gen/muster/v1/InferenceRequest.ts";

/** Between Muster's own values and the wire: the one place where both shapes are known. */

export function requestToWire(request: GenerateRequest): InferenceRequest {
  const { prompt } = request;
  return {
    ...(prompt.kind === "chat"
      ? { chat: { messages: prompt.messages.map((message) => ({ ...message })) } }
      : { text: { text: prompt.text } }),
    sampling: { ...request.sampling },
    ...(request.maxTokens === undefined ? {} : { maxTokens: request.maxTokens }),
    stop: [...request.stop],
  };
}

/** Throws MusterError `invalid_request` on a message that no orchestrator of ours sends. */
export function requestFromWire(wire: InferenceRequest__Output | null): GenerateRequest {
  if (wire === null || wire.sampling === null) throw malformed("the request or its sampling is missing");
  return {
    prompt: promptFromWire(wire),
    sampling: {
      temperature: float(wire.sampling.temperature),
      topK: wire.sampling.topK,
      topP: float(wire.sampling.topP),
      minP: float(wire.sampling.minP),
      seed: wire.sampling.seed,
      frequencyPenalty: float(wire.sampling.frequencyPenalty),
      presencePenalty: float(wire.sampling.presencePenalty),
    },
    maxTokens: wire.maxTokens,
    stop: wire.stop,
  };
}

function promptFromWire(wire: InferenceRequest__Output): GenerateRequest["prompt"] {
  if (wire.prompt === "chat" && wire.chat) {
    const messages = wire.chat.messages.map(
      (message): ChatMessage => ({
        role: roleFromWire(message.role),
        content: message.content,
        ...(message.name === undefined ? {} : { name: message.name }),
      }),
    );
    return { kind: "chat", messages };
  }
  if (wire.prompt === "text" && wire.text) return { kind: "text", text: wire.text.text };
  throw malformed("it has no prompt");
}

function roleFromWire(role: string): ChatMessage["role"] {
  if (role === "system" || role === "user" || role === "assistant" || role === "tool") return role;
  throw malformed(`the role "${role}" is unknown`);
}

/** Undoes the rounding to 32 bits that makes 0.7 read as 0.699999988079071. */
function float(value: number): number {
  return Number(value.toPrecision(7));
}

function malformed(what: string): MusterError {
  return new MusterError("invalid_request", `The orchestrator's request cannot be read: ${what}.`);
}

/** Fields that a peer left out become empty text and 0: hardware is shown, never trusted. */
export function hardwareFromWire(wire: Hardware__Output | null): Hardware {
  return {
    hostname: wire?.hostname ?? "",
    platform: wire?.platform ?? "",
    arch: wire?.arch ?? "",
    cpuModel: wire?.cpuModel ?? "",
    physicalCores: wire?.physicalCores ?? 0,
    logicalCores: wire?.logicalCores ?? 0,
    ramBytes: wire?.ramBytes ?? 0,
    freeRamBytes: wire?.freeRamBytes ?? 0,
    backend: wire?.backend ?? "",
    gpus: (wire?.gpus ?? []).map(({ name, vramBytes, freeVramBytes }) => ({
      name,
      vramBytes,
      freeVramBytes,
    })),
  };
}
