import type { ErrorCode, InferenceDelta, InferenceEnd } from "@muster/base";

type Finished = { readonly kind: "finished" } & InferenceEnd;

interface Failed {
  readonly kind: "failed";
  readonly code: ErrorCode;
  readonly message: string;
  readonly param?: string;
}

interface Cancelled {
  readonly kind: "cancelled";
}

interface Lost {
  readonly kind: "lost";
  readonly reason: string;
}

/** With the whole answer. */
interface Delivered {
  readonly deltas: readonly InferenceDelta[];
}

interface Acknowledged {
  /** Tells the worker that it needs not say this end again: it is kept, or known to be of no use. */
  readonly acknowledge: () => void;
}

/** What a worker reports as the end of an attempt. */
export type AttemptReport = Finished | Cancelled | Failed;

export type AttemptOutcome = AttemptReport | Lost;

/** How an attempt ended whose answer was to be delivered whole. */
export type WholeOutcome = (Finished & Delivered & Acknowledged) | (Failed & Acknowledged) | Cancelled | Lost;

/** How an attempt ended, however it was to be delivered. */
export type Outcome = AttemptOutcome | WholeOutcome;

/** An end as it came from a worker. */
export interface EndOfAttempt {
  readonly attemptId: string;
  readonly epoch: number;
  readonly report: AttemptReport;
  /** Shows that the attempt was assigned to whoever ends it; empty where it came without one. */
  readonly ticket: string;
  /** The answer, where it was delivered whole; undefined: it came piece by piece. */
  readonly pieces: readonly InferenceDelta[] | undefined;
}

/** The end of an attempt that nobody here waits for: another orchestrator began it, or it was given up for lost. */
export interface StrayEnd extends Acknowledged {
  readonly workerId: string;
  readonly workerName: string;
  readonly attemptId: string;
  readonly epoch: number;
  readonly ticket: string;
  readonly report: (Finished & Delivered) | Failed;
}

export interface StreamHooks {
  readonly delivery?: "stream";
  readonly onDelta: (delta: InferenceDelta) => void;
  readonly signal: AbortSignal;
}

/** The answer comes with its end, and the attempt outlives its link for a while. */
export interface WholeHooks {
  readonly delivery: "whole";
  readonly signal: AbortSignal;
}
