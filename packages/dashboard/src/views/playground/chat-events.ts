import type { ChatCompletionChunk, Usage } from "@muster/sdk";
import { ApiError } from "../../data/api.ts";
import { type SseMessage, SseParser } from "./sse-lines.ts";

/** How far a model is that is not loaded yet: `loading gemma-4-e4b-it (40 %)`. */
export interface ColdStart {
  readonly stage: string;
  readonly model: string;
  /** 0 to 1; undefined: not told. */
  readonly share: number | undefined;
}

/** What happens to one answer. */
export type ChatEvent =
  | { readonly kind: "waiting"; readonly coldStart: ColdStart }
  | { readonly kind: "source"; readonly model: string; readonly fingerprint: string }
  | { readonly kind: "thought"; readonly text: string }
  | { readonly kind: "text"; readonly text: string }
  | { readonly kind: "reason"; readonly reason: string }
  | { readonly kind: "usage"; readonly usage: Usage };

/**
 * What a streamed chat answer says, as many events at a time as came together. Throws an ApiError for a failure that the
 * stream tells of, and where it ends in the middle.
 */
export async function* chatEvents(
  body: ReadableStream<Uint8Array>,
): AsyncGenerator<readonly ChatEvent[], void> {
  const parser = new SseParser();
  const decoder = new TextDecoder();
  const reader = body.getReader();
  try {
    for (;;) {
      const { done, value } = await reader.read();
      if (done) break;
      const messages = parser.push(decoder.decode(value, { stream: true }));
      const end = messages.findIndex(isEnd);
      const events = (end === -1 ? messages : messages.slice(0, end)).flatMap(eventsOf);
      if (events.length > 0) yield events;
      if (end !== -1) return;
    }
  } finally {
    // Leaves a stream that nobody reads any more; one that is done is not harmed.
    void reader.cancel().catch(() => undefined);
  }
  throw new ApiError(0, "stream_broken", "The connection ended in the middle of the answer. Try again.");
}

function isEnd(message: SseMessage): boolean {
  return message.kind === "data" && message.text === "[DONE]";
}

function eventsOf(message: SseMessage): readonly ChatEvent[] {
  if (message.kind === "comment") {
    const coldStart = coldStartOf(message.text);
    return coldStart === undefined ? [] : [{ kind: "waiting", coldStart }];
  }
  const chunk = JSON.parse(message.text) as Partial<ChatCompletionChunk> & {
    readonly error?: { readonly code?: string | null; readonly message?: string };
  };
  if (chunk.error !== undefined)
    throw new ApiError(0, chunk.error.code ?? "", chunk.error.message ?? "The answer failed.");
  return [
    ...sourceOf(chunk),
    ...pieceOf(chunk),
    ...(chunk.usage ? [{ kind: "usage", usage: chunk.usage } as const] : []),
  ];
}

function sourceOf({
  model,
  system_fingerprint: fingerprint,
}: Partial<ChatCompletionChunk>): readonly ChatEvent[] {
  return fingerprint && model !== undefined ? [{ kind: "source", model, fingerprint }] : [];
}

function pieceOf(chunk: Partial<ChatCompletionChunk>): readonly ChatEvent[] {
  const [choice] = chunk.choices ?? [];
  if (choice === undefined) return [];
  const { delta, finish_reason: reason } = choice;
  return [
    ...(delta.reasoning_content ? [{ kind: "thought", text: delta.reasoning_content } as const] : []),
    ...(delta.content ? [{ kind: "text", text: delta.content } as const] : []),
    ...(reason === null ? [] : [{ kind: "reason", reason } as const]),
  ];
}

/** Undefined for comments that only keep the connection alive. */
export function coldStartOf(comment: string): ColdStart | undefined {
  const [, stage, model, percent] =
    /^(fetching|loading|checking|ordering) (\S+)(?: \((\d{1,3}) ?%\))?/.exec(comment) ?? [];
  if (stage === undefined || model === undefined) return undefined;
  return { stage, model, share: percent === undefined ? undefined : Math.min(100, Number(percent)) / 100 };
}

/** The machine's name in `muster-<worker>-<model>-<variant>`: what is left without the model, which is known. */
export function workerOf(fingerprint: string, model: string): string {
  const named = fingerprint.replace(/^muster-/, "");
  const at = named.lastIndexOf(`-${model.replace(/[^\w.-]+/g, "_").slice(0, 48)}`);
  return at > 0 ? named.slice(0, at) : named;
}
