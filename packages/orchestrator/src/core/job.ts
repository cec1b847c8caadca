import type { InferenceDelta, InferenceEnd } from "@muster/base";

/**
 * What travels through a lane. Only references: the prompt stays in the memory of the orchestrator that accepted the
 * request (`home`), so that Redis and its files never hold one.
 */
export interface JobRef {
  readonly requestId: string;
  /** The id of the orchestrator whose client waits. */
  readonly home: string;
}

/** Where an answer came from. */
export interface AnswerSource {
  readonly workerId: string;
  readonly workerName: string;
  /** 1 for the first attempt. */
  readonly epoch: number;
}

/**
 * What a request's client sees, in this order: started, delta..., end. A failure ends it at any point. A request that
 * may be restarted can see `started` again: what came before then counts for nothing.
 */
export type AnswerEvent =
  | { readonly kind: "started"; readonly source: AnswerSource }
  | { readonly kind: "delta"; readonly delta: InferenceDelta }
  | ({ readonly kind: "end"; readonly source: AnswerSource } & InferenceEnd);
