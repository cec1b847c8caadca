import type { EndReason, GenerateTimings, InferenceDelta, InferenceEnd } from "@muster/base";
import { asFields, asList, type JsonFields, numberOf, textOf } from "../json-fields.ts";
import { readLogprobs } from "./logprobs.ts";
import { createToolCallReader } from "./tool-call-reader.ts";

type Delta = InferenceDelta & { readonly kind: "text" | "reasoning" | "tool-call" | "tool-arguments" };

export interface ChunkReader {
  /** The pieces of one chunk of a streamed answer, of chat or of a plain completion. */
  read(chunk: JsonFields): Delta[];
  /** Whether the upstream said why the answer ended: without it the stream broke off. */
  readonly hasEnded: boolean;
  /** What is still to be said, and the end. `measured` counts where the upstream has no timings of its own. */
  finish(measured: GenerateTimings): InferenceEnd & { readonly deltas: readonly Delta[] };
}

/**
 * Reads the chunks of one answer. How many tokens a piece is made of: the number of its probabilities; else what
 * llama-server's timings or vLLM's running usage say; else 1. What the usage counts beyond that (the end mark, tokens that made no text) comes in a
 * last, empty piece, so that the pieces add up to the usage; not where probabilities are asked for, since there is none
 * for it.
 */
export function createChunkReader(options: {
  readonly topLogprobs: number | undefined;
  readonly newCallId: () => string;
}): ChunkReader {
  const calls = createToolCallReader(options.newCallId);
  let counted = 0;
  let reasoned = 0;
  let finishReason: string | undefined;
  /** Of vLLM and Muster: the stop text that came. */
  let stopText: string | undefined;
  let usage: JsonFields | undefined;
  let timings: JsonFields | undefined;

  return {
    get hasEnded() {
      return finishReason !== undefined;
    },
    read(chunk) {
      usage = asFields(chunk["usage"]) ?? usage;
      timings = asFields(chunk["timings"]) ?? timings;
      // Only ever one choice is asked for; the chunk with the usage has none.
      const choice = asFields(asList(chunk["choices"])[0]);
      finishReason = textOf(choice, "finish_reason") ?? finishReason;
      stopText = textOf(choice, "stop_reason") ?? stopText;
      const logprobs =
        options.topLogprobs === undefined ? undefined : readLogprobs(choice, options.topLogprobs);
      const deltas = readDeltas(choice, calls.read);
      const first = deltas[0];
      if (first === undefined) return [];
      const saidSoFar =
        numberOf(asFields(chunk["timings"]), "predicted_n") ??
        numberOf(asFields(chunk["usage"]), "completion_tokens");
      const tokens = Math.max(0, logprobs?.length ?? (saidSoFar === undefined ? 1 : saidSoFar - counted));
      counted += tokens;
      if (first.kind === "reasoning") reasoned += tokens;
      const counts: Delta = { ...first, tokens };
      const withLogprobs =
        logprobs === undefined || counts.kind !== "text" ? counts : { ...counts, logprobs };
      return [withLogprobs, ...deltas.slice(1)];
    },
    finish(measured) {
      const deltas: Delta[] = calls.finish();
      const completionTokens = numberOf(usage, "completion_tokens") ?? counted;
      if (completionTokens > counted && options.topLogprobs === undefined) {
        deltas.push({ kind: "text", text: "", tokens: completionTokens - counted });
      }
      const reasoningTokens =
        numberOf(asFields(usage?.["completion_tokens_details"]), "reasoning_tokens") ?? reasoned;
      const reason = endReason(finishReason, calls.count);
      return {
        deltas,
        reason,
        ...(reason === "stop" && stopText !== undefined && { stopText }),
        usage: {
          promptTokens: numberOf(usage, "prompt_tokens") ?? 0,
          cachedTokens: numberOf(asFields(usage?.["prompt_tokens_details"]), "cached_tokens") ?? 0,
          completionTokens,
          ...(reasoningTokens > 0 ? { reasoningTokens } : {}),
        },
        timings: {
          prefillMs: numberOf(timings, "prompt_ms") ?? measured.prefillMs,
          decodeMs: numberOf(timings, "predicted_ms") ?? measured.decodeMs,
        },
      };
    },
  };
}

function endReason(finishReason: string | undefined, calls: number): EndReason {
  if (finishReason === "length") return "length";
  return calls > 0 ? "tool_calls" : "stop";
}

function readDeltas(choice: JsonFields | undefined, readCall: (fragment: unknown) => Delta[]): Delta[] {
  const delta = asFields(choice?.["delta"]);
  const reasoning = textOf(delta, "reasoning_content") || textOf(delta, "reasoning");
  const text = delta === undefined ? textOf(choice, "text") : textOf(delta, "content");
  return [
    ...(reasoning ? [{ kind: "reasoning", text: reasoning, tokens: 0 } as const] : []),
    ...(text ? [{ kind: "text", text, tokens: 0 } as const] : []),
    ...asList(delta?.["tool_calls"]).flatMap(readCall),
  ];
}
