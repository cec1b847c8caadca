import type { Limits } from "../access/principal.ts";
import type { Payer } from "../usage/usage-row.ts";

/** A batch: what was asked for, what has happened to it, and the state that follows. */

export const batchEndpoints = [
  "/v1/chat/completions",
  "/v1/completions",
  "/v1/embeddings",
  "/v1/responses",
] as const;
export type BatchEndpoint = (typeof batchEndpoints)[number];

/** What metrics call them. */
export const endpointLabels: Readonly<Record<BatchEndpoint, string>> = {
  "/v1/chat/completions": "chat_completions",
  "/v1/completions": "completions",
  "/v1/embeddings": "embeddings",
  "/v1/responses": "responses",
};

export type BatchPriority = "low" | "normal" | "high";

/** What OpenAI's API has no field for. */
export interface BatchOptions {
  readonly priority: BatchPriority;
  /** Keeps where each answer came from, and writes it to a file of its own at the end. */
  readonly provenance: boolean;
  /** Answers identical deterministic lines of one tenant once. */
  readonly resultCache: boolean;
  /** Told of each change of state. */
  readonly webhookUrl: string | undefined;
}

/** Whose key it was, and what that might take when the batch was created. */
export interface BatchPayer {
  readonly keyId: string;
  readonly keyName: string;
  readonly limits: Pick<Limits, "batchLines" | "tokensPerMonth" | "weight">;
}

/** What was asked for: written once, when the batch is created. */
export interface BatchRecord {
  /** `batch_` and 32 hexadecimal digits, the first 12 of them its creation time: ids sort by age. */
  readonly id: string;
  readonly tenant: string;
  /** The models that the key it was made with may use; undefined: all. */
  readonly models?: readonly string[] | undefined;
  readonly inputFileId: string;
  readonly endpoint: BatchEndpoint;
  /** As it was asked for: `24h`, `90m`. */
  readonly completionWindow: string;
  /** Unix time, as all the times here. */
  readonly createdAtMs: number;
  readonly expiresAtMs: number;
  readonly metadata: Readonly<Record<string, string>> | undefined;
  /** How long the output files are kept, counted from their own creation. */
  readonly outputExpiresAfterMs: number | undefined;
  readonly options: BatchOptions;
  /** Undefined in records of older versions. */
  readonly payer?: BatchPayer | undefined;
}

/** Whom the lines of a batch are counted for. */
export function payerOf({ tenant, payer }: Pick<BatchRecord, "tenant" | "payer">): Payer {
  return { keyId: payer?.keyId ?? "unknown", tenant, class: "batch" };
}

/** Something wrong with the input file. */
export interface LineError {
  readonly code: string;
  readonly message: string;
  readonly param: string | undefined;
  /** From 1; undefined where it is about the file. */
  readonly line: number | undefined;
}

export interface LineCounts {
  readonly total: number;
  readonly completed: number;
  readonly failed: number;
}

export interface LineUsage {
  readonly promptTokens: number;
  readonly cachedTokens: number;
  readonly completionTokens: number;
  readonly reasoningTokens: number;
}

export type BatchOutcome = "completed" | "expired" | "cancelled";

/** What happens to a batch, each kind once: the first that is written stays. */
export type BatchEvent =
  /** Every line is good; `models` in the order of the line index's model numbers. */
  | {
      readonly kind: "validated";
      readonly atMs: number;
      readonly lines: number;
      readonly models: readonly { readonly model: string; readonly lines: number }[];
    }
  | {
      readonly kind: "failed";
      readonly atMs: number;
      readonly errors: readonly LineError[];
      /** Those left out of `errors` too. */
      readonly errorCount: number;
    }
  | { readonly kind: "cancelling"; readonly atMs: number }
  /** No line is committed from here on. */
  | { readonly kind: "finalizing"; readonly atMs: number; readonly outcome: BatchOutcome }
  /** The files are there. Nothing is computed again. */
  | {
      readonly kind: "sealed";
      readonly atMs: number;
      readonly counts: LineCounts;
      readonly usage: LineUsage;
      /** Lines answered from the result cache; counted in `counts` too. */
      readonly cachedLines: number;
      readonly outputFileId: string | undefined;
      readonly errorFileId: string | undefined;
      readonly provenanceFileId: string | undefined;
    };

export type BatchEventKind = BatchEvent["kind"];
export type BatchEvents = { readonly [K in BatchEventKind]?: Extract<BatchEvent, { readonly kind: K }> };

/** In the words of OpenAI's API. */
export type BatchState =
  | "validating"
  | "failed"
  | "in_progress"
  | "finalizing"
  | "completed"
  | "expired"
  | "cancelling"
  | "cancelled";

/** The state follows from the events; nobody sets it. */
export function batchState(events: BatchEvents): BatchState {
  if (events.failed !== undefined) return "failed";
  if (events.sealed !== undefined) return events.finalizing?.outcome ?? "completed";
  if (events.finalizing !== undefined)
    return events.finalizing.outcome === "cancelled" ? "cancelling" : "finalizing";
  if (events.cancelling !== undefined) return "cancelling";
  return events.validated === undefined ? "validating" : "in_progress";
}

export function isTerminal(state: BatchState): boolean {
  return state === "failed" || state === "completed" || state === "expired" || state === "cancelled";
}

export function countByState(
  batches: Iterable<{ readonly events: BatchEvents }>,
): ReadonlyMap<BatchState, number> {
  const counts = new Map<BatchState, number>();
  for (const { events } of batches) {
    const state = batchState(events);
    counts.set(state, (counts.get(state) ?? 0) + 1);
  }
  return counts;
}

export const noUsage: LineUsage = {
  promptTokens: 0,
  cachedTokens: 0,
  completionTokens: 0,
  reasoningTokens: 0,
};

export function addUsage(a: LineUsage, b: LineUsage): LineUsage {
  return {
    promptTokens: a.promptTokens + b.promptTokens,
    cachedTokens: a.cachedTokens + b.cachedTokens,
    completionTokens: a.completionTokens + b.completionTokens,
    reasoningTokens: a.reasoningTokens + b.reasoningTokens,
  };
}
