import { type BackoffPolicy, backoffMs } from "@muster/base";

/** How an attempt ended, as far as it says something of the replica that it ran on. */
export type BreakerEvent =
  | { readonly kind: "failed"; readonly code: string }
  /** `isSlow`: several in a row were far slower than the replica's usual. */
  | { readonly kind: "answered"; readonly isSlow: boolean }
  /** Cancelled, given back or refused on its merits: says nothing. */
  | { readonly kind: "neither" };

export interface BreakerState {
  /** Open and half open differ by time alone: see `breakerPhase`. */
  readonly isOpen: boolean;
  /** The latest outcomes, oldest first. */
  readonly recent: readonly Outcome[];
  /** Until then, in open state, it is not probed. */
  readonly untilMs: number;
  /** An attempt finds out whether it is well again. */
  readonly isProbing: boolean;
  /** How often it has opened since it was last well. */
  readonly openings: number;
  /** Of the last opening; for people. */
  readonly reason: string | undefined;
}

interface Outcome {
  readonly atMs: number;
  readonly failure: string | undefined;
}

export type BreakerPhase = "closed" | "open" | "half_open";

export const closedBreaker: BreakerState = {
  isOpen: false,
  recent: [],
  untilMs: 0,
  isProbing: false,
  openings: 0,
  reason: undefined,
};

const failuresToOpen = 5;
/** Fewer failures than this share of what has ended lately are bad luck of a busy replica. */
const shareToOpen = 0.5;
const windowMs = 60_000;
const maxRecent = 20;
/** One crash ends everything that runs on an engine: it counts once. */
const oneCrashMs = 1_000;
const probeBackoff: BackoffPolicy = { baseMs: 10_000, maxMs: 300_000 };

export interface At {
  readonly nowMs: number;
  /** A uniform draw from [0, 1). */
  readonly random: number;
}

/** `isProbe`: of the attempt that was let through to find out. */
export function breakerAfter(
  state: BreakerState,
  event: BreakerEvent & { readonly isProbe: boolean },
  at: At,
): BreakerState {
  const released = event.isProbe ? { ...state, isProbing: false } : state;
  switch (event.kind) {
    case "neither":
      return released;
    case "answered":
      if (event.isProbe) return event.isSlow ? opened(released, slowReason, at) : closedBreaker;
      // What was begun before it opened proves nothing; what is slow is known already.
      if (state.isOpen) return released;
      return event.isSlow
        ? opened(released, slowReason, at)
        : { ...released, recent: withOutcome(state.recent, undefined, at.nowMs) };
    case "failed": {
      if (event.isProbe) return opened(released, `a probe ended with ${event.code}`, at);
      if (isSameCrash(state.recent.at(-1), event.code, at.nowMs)) return released;
      const recent = withOutcome(state.recent, event.code, at.nowMs);
      const failures = recent.filter(({ failure }) => failure !== undefined).length;
      const isBad = failures >= failuresToOpen && failures >= shareToOpen * recent.length;
      const counted = { ...released, recent };
      if (state.isOpen || !isBad) return counted;
      return opened(counted, `${failures} of ${recent.length} answers failed lately (${event.code})`, at);
    }
    default:
      return event satisfies never;
  }
}

const slowReason = "its answers are far slower than is usual for it";

export function breakerPhase(state: BreakerState, nowMs: number): BreakerPhase {
  if (!state.isOpen) return "closed";
  return nowMs >= state.untilMs ? "half_open" : "open";
}

/** Whether the next attempt should be a probe: one runs at a time. */
export function isProbeDue(state: BreakerState, nowMs: number): boolean {
  return state.isOpen && !state.isProbing && nowMs >= state.untilMs;
}

export function breakerProbing(state: BreakerState): BreakerState {
  return { ...state, isProbing: true };
}

/** 0: it may have work as any other. The higher, the longer it has been ill: where all are, the least ill are used. */
export function badnessOf(state: BreakerState, nowMs: number): number {
  return !state.isOpen || isProbeDue(state, nowMs) ? 0 : state.openings;
}

export function recentFailures({ recent }: BreakerState, nowMs: number): number {
  return recent.filter(({ failure, atMs }) => failure !== undefined && nowMs - atMs <= windowMs).length;
}

/** From half of the backoff to all of it: never at once, and never in step with others. */
function opened(state: BreakerState, reason: string, { nowMs, random }: At): BreakerState {
  const wholeMs = backoffMs(probeBackoff, state.openings, () => 1);
  return {
    ...state,
    isOpen: true,
    isProbing: false,
    untilMs: nowMs + wholeMs / 2 + (random * wholeMs) / 2,
    openings: state.openings + 1,
    reason,
  };
}

function withOutcome(recent: readonly Outcome[], failure: string | undefined, atMs: number): Outcome[] {
  const kept = recent.filter((outcome) => atMs - outcome.atMs <= windowMs);
  return [...kept, { atMs, failure }].slice(-maxRecent);
}

function isSameCrash(last: Outcome | undefined, code: string, nowMs: number): boolean {
  return code === "engine_crashed" && last?.failure === code && nowMs - last.atMs < oneCrashMs;
}
