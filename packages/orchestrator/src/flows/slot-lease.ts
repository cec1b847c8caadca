import type { LaneClass } from "../core/lane.ts";
import { expectedTimesMs, type Wanted } from "../core/scheduling/choose-replica.ts";
import type { ExpectedAttempt } from "../core/scheduling/silence-limit.ts";
import type { WorkerLink } from "../ports/worker-link.ts";
import type { ReplicaEntry } from "./fleet-entries.ts";
import type { SlotOutcome } from "./replica-health.ts";

/** A slot that an attempt holds on a worker. */
export interface HeldSlot {
  readonly workerId: string;
  readonly link: WorkerLink;
  /** Tells what has become of the attempt before its slot is free; only the first that is told counts. */
  note(outcome: SlotOutcome): void;
  /** Gives the slot back, with what has become of the attempt; a second call does nothing. */
  release(outcome?: SlotOutcome): void;
}

/** One slot of one replica, held for one attempt. */
export interface SlotLease extends HeldSlot {
  readonly workerName: string;
  readonly replicaId: string;
  readonly model: string;
  readonly laneClass: LaneClass;
  readonly expected: ExpectedAttempt;
  /** What its holder does when it is asked to give the slot back. */
  readonly onPreempt: (() => void) | undefined;
}

export interface SlotWish extends Omit<Wanted, "answerTokens"> {
  readonly laneClass: LaneClass;
  readonly signal: AbortSignal;
  /** What the answer may have at most. */
  readonly maxTokens?: number | undefined;
  /** In monotonic time: who waits longer gets `deadline_exceeded`. */
  readonly deadlineAtMs?: number | undefined;
  /** Called once at most, when an interactive request needs the slot: the holder stops and gives it back. */
  readonly onPreempt?: (() => void) | undefined;
}

/** By what is known of the replica, with what it runs already. */
export function expectedOf(
  replica: ReplicaEntry,
  { maxTokens, ...wanted }: Wanted & { readonly maxTokens: number | undefined },
): ExpectedAttempt {
  const others = Math.max(replica.slotsUsed, replica.slots - 1);
  const longest = expectedTimesMs(replica, others, { ...wanted, answerTokens: maxTokens });
  return {
    promptTokens: wanted.promptTokens,
    prefillMs: longest?.prefillMs,
    longestMs:
      longest === undefined || maxTokens === undefined ? undefined : longest.prefillMs + longest.decodeMs,
  };
}
