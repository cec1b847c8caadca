/** Readers of what tasks give, for the engine's contracts. */
import type { InferenceDelta, InferenceEvent, InferenceRequest, TokenLogprob } from "@muster/base";
import type { EngineReplica } from "./engine.ts";

const neverAborts = new AbortController().signal;

export interface TaskResult {
  readonly deltas: readonly InferenceDelta[];
  readonly end: InferenceEvent & { readonly kind: "end" };
}

/** Carries a request out to its end. */
export async function runTask(
  replica: EngineReplica,
  request: InferenceRequest,
  signal: AbortSignal = neverAborts,
): Promise<TaskResult> {
  const deltas: InferenceDelta[] = [];
  for await (const event of replica.infer(request, signal)) {
    if (event.kind === "end") return { deltas, end: event };
    deltas.push(event);
  }
  throw new Error("the answer has no end");
}

export async function collect(events: AsyncIterable<InferenceEvent>, into: InferenceEvent[]): Promise<void> {
  for await (const event of events) into.push(event);
}

export function vectorsOf(deltas: readonly InferenceDelta[]): (readonly number[])[] {
  return deltas.flatMap((delta) => (delta.kind === "embedding" ? [delta.values] : []));
}

export function scoresOf(deltas: readonly InferenceDelta[]): number[] {
  return deltas.flatMap((delta) => (delta.kind === "score" ? [delta.score] : []));
}

export function textOf(deltas: readonly InferenceDelta[]): string {
  return deltas.map((delta) => (delta.kind === "text" ? delta.text : "")).join("");
}

export function logprobsOf(deltas: readonly InferenceDelta[]): readonly TokenLogprob[] {
  return deltas.flatMap((delta) => (delta.kind === "text" ? (delta.logprobs ?? []) : []));
}

export function cosine(a: readonly number[] = [], b: readonly number[] = []): number {
  const dot = a.reduce((sum, value, i) => sum + value * (b[i] ?? 0), 0);
  return dot / (Math.hypot(...a) * Math.hypot(...b));
}
