import type { InferenceDelta, InferenceRequest, WholeAnswer } from "@muster/base";
import type { TraceRef } from "../core/tracing/trace-context.ts";
import type { Payer } from "../core/usage/usage-row.ts";
import type { Outcome } from "./attempt-outcome.ts";
import type { AttemptSpan } from "./attempt-span.ts";
import type { SlotOutcome } from "./replica-health.ts";
import type { HeldSlot, SlotLease } from "./slot-desk.ts";

/** One that runs now. */
export interface Attempt {
  readonly attemptId: string;
  readonly epoch: number;
  readonly startedAtMs: number;
  /** Undefined for one whose request is not known here, or comes from an orchestrator of an older version. */
  readonly traceId: string | undefined;
  slot: HeldSlot;
  /** Who waits for it here; undefined for one that a worker has brought along from an earlier link. */
  readonly owner: Owner | undefined;
  nextSequence: number;
  /** Its owner has been answered; the slot stays taken until the worker has stopped. */
  isGivenUp: boolean;
  /** Ends the watch over an attempt that has yet to produce something. */
  stopWatching: () => void;
  /** Set while its worker is away and may come back. */
  stopHolding: (() => void) | undefined;
}

interface Owner {
  readonly lease: SlotLease;
  readonly payer: Payer | undefined;
  readonly onDelta: (delta: InferenceDelta) => void;
  /** Undefined where it is not traced. */
  readonly span: AttemptSpan | undefined;
  /** What has come of an answer that is wanted whole; undefined: it is wanted piece by piece. */
  readonly answer: WholeAnswer | undefined;
  readonly isCancelled: () => boolean;
  readonly resolve: (outcome: Outcome) => void;
  readonly stopListening: () => void;
}

export interface NamedAttempt {
  readonly requestId: string;
  readonly epoch: number;
  readonly request: InferenceRequest;
  /** Of a line: what its worker shows when it comes back with the answer later. */
  readonly ticket?: string;
  /** Undefined for questions of our own. */
  readonly payer?: Payer | undefined;
  readonly trace?: TraceRef | undefined;
}

/** What an outcome says of the replica. That a link broke, the registry knows. */
export function slotOutcome(outcome: Outcome): SlotOutcome | undefined {
  switch (outcome.kind) {
    case "finished":
      return { kind: "answered", usage: outcome.usage, timings: outcome.timings };
    case "failed":
      return { kind: "failed", code: outcome.code };
    case "cancelled":
    case "lost":
      return undefined;
    default:
      return outcome satisfies never;
  }
}

/** How heartbeats and tables name an attempt. */
export function keyOf(attemptId: string, epoch: number): string {
  return `${attemptId}#${epoch}`;
}
