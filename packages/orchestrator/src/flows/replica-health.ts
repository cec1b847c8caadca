import type { ErrorCode, InferenceEnd } from "@muster/base";
import {
  type At,
  type BreakerPhase,
  type BreakerState,
  badnessOf,
  breakerAfter,
  breakerPhase,
  breakerProbing,
  closedBreaker,
  isProbeDue,
  recentFailures,
} from "../core/scheduling/breaker.ts";
import {
  isFarBelowUsual,
  type ReplicaSpeed,
  ratesOf,
  seenTokensPerSecond,
  speedAfter,
  unmeasuredSpeed,
  withNewUsual,
} from "../core/scheduling/speed-model.ts";

/** What the end of an attempt says of its replica; undefined: nothing. */
export type SlotOutcome =
  | ({ readonly kind: "answered" } & Pick<InferenceEnd, "usage" | "timings">)
  | { readonly kind: "failed"; readonly code: ErrorCode };

export interface HealthView {
  readonly breaker: BreakerPhase;
  readonly breakerReason: string | undefined;
  readonly recentFailures: number;
}

/** A replica that was let back in so often and is still slow has become a slow one. */
const openingsToAcceptSlow = 4;
/** Failures that say something of the replica; the others are the request's, or nobody's. */
const failuresOfReplica: ReadonlySet<ErrorCode> = new Set([
  "engine_failed",
  "engine_crashed",
  "worker_lost",
  "internal",
]);

/** How fast a replica is, and whether it is to be trusted; outlives a link that breaks. */
export class ReplicaHealth {
  /** These are kept ready: they are asked for with every slot that is given. Measured, or expected until then. */
  decodeTokensPerSecond: number | undefined;
  prefillTokensPerSecond: number | undefined;
  contention = ratesOf(unmeasuredSpeed).contention;
  isOpen = false;
  #speed: ReplicaSpeed = unmeasuredSpeed;
  #breaker: BreakerState = closedBreaker;
  #expected: number | undefined;

  get seenTokensPerSecond(): number | undefined {
    return seenTokensPerSecond(this.#speed);
  }

  /** Until then it gets no probe; 0 where it needs none. */
  get probeAtMs(): number {
    return this.#breaker.isOpen ? this.#breaker.untilMs : 0;
  }

  /** What its hardware should do; counts until an answer has been measured. */
  expect(decodeTokensPerSecond: number | undefined): void {
    this.#expected = decodeTokensPerSecond;
    this.#refresh();
  }

  badness(nowMs: number): number {
    return badnessOf(this.#breaker, nowMs);
  }

  isProbeDue(nowMs: number): boolean {
    return isProbeDue(this.#breaker, nowMs);
  }

  probing(): void {
    this.#breaker = breakerProbing(this.#breaker);
  }

  /** Its replica has gone, and whatever ran on it. */
  forgetProbe(): void {
    this.#breaker = { ...this.#breaker, isProbing: false };
  }

  /** An attempt has ended; true where the replica is ejected or let back in by that. */
  note(
    outcome: SlotOutcome | undefined,
    of: { readonly isProbe: boolean; readonly concurrency: number; readonly at: At },
  ): boolean {
    const { isProbe, concurrency, at } = of;
    const before = this.#breaker;
    const event =
      outcome?.kind === "answered" ? this.#answered(outcome, isProbe, concurrency) : failed(outcome);
    this.#breaker = breakerAfter(before, { ...event, isProbe }, at);
    this.#refresh();
    return before.isOpen !== this.#breaker.isOpen || before.openings !== this.#breaker.openings;
  }

  view(nowMs: number): HealthView {
    return {
      breaker: breakerPhase(this.#breaker, nowMs),
      breakerReason: this.#breaker.reason,
      recentFailures: recentFailures(this.#breaker, nowMs),
    };
  }

  #refresh(): void {
    const { decodeTokensPerSecond, prefillTokensPerSecond, contention } = ratesOf(this.#speed);
    this.decodeTokensPerSecond = decodeTokensPerSecond ?? this.#expected;
    this.prefillTokensPerSecond = prefillTokensPerSecond;
    this.contention = contention;
    this.isOpen = this.#breaker.isOpen;
  }

  #answered(
    { usage, timings }: Pick<InferenceEnd, "usage" | "timings">,
    isProbe: boolean,
    concurrency: number,
  ) {
    const speed = speedAfter(this.#speed, { usage, timings, concurrency });
    const isAccepted = isProbe && this.#breaker.openings >= openingsToAcceptSlow;
    this.#speed = isAccepted && isFarBelowUsual(speed) ? withNewUsual(speed) : speed;
    return { kind: "answered" as const, isSlow: isFarBelowUsual(this.#speed) };
  }
}

function failed(outcome: Extract<SlotOutcome, { readonly kind: "failed" }> | undefined) {
  return outcome !== undefined && failuresOfReplica.has(outcome.code)
    ? outcome
    : { kind: "neither" as const };
}
