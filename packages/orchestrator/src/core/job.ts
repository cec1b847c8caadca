import type { InferenceDelta, InferenceEnd } from "@muster/base";

/**
 * A request in a lane. Only a reference: the prompt stays in the memory of the orchestrator that accepted the request
 * (`home`), so that Redis and its files never hold one.
 */
export interface RequestRef {
  readonly requestId: string;
  /** The id of the orchestrator whose client waits. */
  readonly home: string;
  /** How often it was put back; makes each job's id its own. Undefined: never. */
  readonly turn?: number | undefined;
  /** For log lines. Undefined from an orchestrator of an older version. */
  readonly traceId?: string | undefined;
}

/** Where any orchestrator finds one line of a batch. */
export interface LinePlace {
  /** From 0. */
  readonly line: number;
  /** In the input file, in bytes. */
  readonly offset: number;
  readonly length: number;
  /** Lines with the same one, other than 0, begin alike. */
  readonly prefix: number;
}

/** Some lines of a batch in a lane: where slots are many, each job has several, since a job costs more than a line. */
export interface LinesRef {
  readonly batchId: string;
  /** The generation of the ledger that they were put in under. */
  readonly gen: number;
  /** How often they were put back; makes each job's id its own. */
  readonly round: number;
  /** Failures of a line that was put back: another try may do, but not for ever. */
  readonly transientFailures?: number;
  /** One at least. */
  readonly lines: readonly LinePlace[];
}

/** One line as it is run. */
export interface LineRef extends LinePlace {
  readonly batchId: string;
  readonly gen: number;
  readonly round: number;
  readonly transientFailures?: number;
}

/** What travels through a lane. */
export type JobRef = RequestRef | LinesRef;

export function isLinesRef(job: JobRef): job is LinesRef {
  return "batchId" in job;
}

/** One job for each: putting it again while it is there changes nothing. */
export function jobIdOf(job: JobRef): string {
  if (!isLinesRef(job)) return job.turn === undefined ? job.requestId : `${job.requestId}-t${job.turn}`;
  const { batchId, gen, round, lines } = job;
  return `${batchId}-${lines[0]?.line ?? 0}-${lines.length}-g${gen}-r${round}`;
}

export function linesOf({ lines, ...job }: LinesRef): LineRef[] {
  return lines.map((place) => ({ ...place, ...job }));
}

/** Where an answer came from. */
export interface AnswerSource {
  readonly workerId: string;
  readonly workerName: string;
  /** 1 for the first attempt. */
  readonly epoch: number;
  /** Undefined from an orchestrator of an older version. */
  readonly model?: string | undefined;
  /** Which file of the model the replica has, where that is known. */
  readonly variant?: string | undefined;
}

/**
 * What a request's client sees, in this order: started, delta..., end. A failure ends it at any point. A request that
 * may be restarted can see `started` again: what came before then counts for nothing.
 */
export type AnswerEvent =
  | { readonly kind: "started"; readonly source: AnswerSource }
  | { readonly kind: "delta"; readonly delta: InferenceDelta }
  | ({ readonly kind: "end"; readonly source: AnswerSource } & InferenceEnd);
