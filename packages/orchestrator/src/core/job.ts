import type { InferenceDelta, InferenceEnd } from "@muster/base";

/**
 * A request in a lane. Only a reference: the prompt stays in the memory of the orchestrator that accepted the request
 * (`home`), so that Redis and its files never hold one.
 */
export interface RequestRef {
  readonly requestId: string;
  /** The id of the orchestrator whose client waits. */
  readonly home: string;
}

/** A line of a batch in a lane: where any orchestrator finds it in the object store. */
export interface LineRef {
  readonly batchId: string;
  /** From 0. */
  readonly line: number;
  /** The generation of the ledger that it was put in under. */
  readonly gen: number;
  /** How often it was put back; makes each job's id its own. */
  readonly round: number;
  /** In the input file, in bytes. */
  readonly offset: number;
  readonly length: number;
  readonly prefix: number;
}

/** What travels through a lane. */
export type JobRef = RequestRef | LineRef;

export function isLineRef(job: JobRef): job is LineRef {
  return "batchId" in job;
}

/** One job for each: putting it again while it is there changes nothing. */
export function jobIdOf(job: JobRef): string {
  return isLineRef(job) ? `${job.batchId}-${job.line}-g${job.gen}-r${job.round}` : job.requestId;
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
