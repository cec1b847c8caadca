import {
  type Clock,
  type ErrorCode,
  type GenerateUsage,
  type InferenceDelta,
  type Log,
  WholeAnswer,
} from "@muster/base";
import type { Lane } from "../core/lane.ts";
import { silenceLimitMs } from "../core/scheduling/silence-limit.ts";
import type { Payer } from "../core/usage/usage-row.ts";
import type { Metrics } from "../ports/metrics.ts";
import type { Tracer } from "../ports/tracer.ts";
import { type Attempt, keyOf, type NamedAttempt, slotOutcome } from "./attempt.ts";
import type {
  AttemptOutcome,
  EndOfAttempt,
  Outcome,
  StrayEnd,
  StreamHooks,
  WholeHooks,
  WholeOutcome,
} from "./attempt-outcome.ts";
import { beginAttemptSpan } from "./attempt-span.ts";
import type { FleetRegistry } from "./fleet-registry.ts";
import type { SlotLease } from "./slot-desk.ts";

export type { AttemptOutcome, AttemptReport, StrayEnd, WholeOutcome } from "./attempt-outcome.ts";

/** An attempt younger than this may be missing from a heartbeat that was already on its way. */
const heartbeatGraceMs = 10_000;
/** What is wanted whole waits so long for its worker to come back: most breaks of a link are shorter. */
const returnGraceMs = 5_000;

/** What an attempt has taken. */
export interface AttemptWork {
  readonly workerId: string;
  readonly model: string;
  readonly payer: Payer;
  /** How long it held its slot. */
  readonly ms: number;
}

/** The attempts that run now. An attempt is named by request and epoch: what a stale one says is not listened to. */
export class AttemptTable {
  readonly #clock: Clock;
  readonly #log: Log;
  readonly #fleet: FleetRegistry;
  readonly #metrics: Metrics;
  readonly #tracer: Tracer | undefined;
  readonly #attempts = new Map<string, Attempt>();
  readonly #onAnswered: (model: string, durationMs: number) => void;
  #stray: (end: StrayEnd) => void = ({ acknowledge }) => acknowledge();
  #finished: (workerId: string, usage: GenerateUsage) => void = () => {};
  #worked: (work: AttemptWork) => void = () => {};

  constructor(deps: {
    readonly clock: Clock;
    readonly log: Log;
    readonly fleet: FleetRegistry;
    readonly metrics: Metrics;
    /** Undefined: traces are off. */
    readonly tracer?: Tracer | undefined;
    /** An attempt has given an answer; it held its slot for so long. */
    readonly onAnswered?: (model: string, durationMs: number) => void;
  }) {
    this.#onAnswered = deps.onAnswered ?? (() => {});
    this.#clock = deps.clock;
    this.#log = deps.log;
    this.#fleet = deps.fleet;
    this.#metrics = deps.metrics;
    this.#tracer = deps.tracer;
  }

  get size(): number {
    return this.#attempts.size;
  }

  /** The lanes of the attempts that run, one for each. */
  *running(): Iterable<Lane> {
    for (const { owner } of this.#attempts.values())
      if (owner !== undefined) yield { model: owner.lease.model, class: owner.lease.laneClass };
  }

  /** Sets who takes ends of whole answers that nobody here waits for; until then they are acknowledged and dropped. */
  onStray(handler: (end: StrayEnd) => void): void {
    this.#stray = handler;
  }

  /** Sets who hears what each answer has taken, and where it was made. */
  onFinished(handler: (workerId: string, usage: GenerateUsage) => void): void {
    this.#finished = handler;
  }

  /** Sets who hears how long each attempt has held its slot, whatever came of it; its slot is still taken. */
  onWorked(handler: (work: AttemptWork) => void): void {
    this.#worked = handler;
  }

  /**
   * Sends the request to the worker of `lease` and resolves with how it ended; the slot is free again by then. On
   * `signal` the worker is told to stop, and the slot is kept until it says that it has: never more runs than slots.
   */
  run(named: NamedAttempt, lease: SlotLease, hooks: StreamHooks): Promise<AttemptOutcome>;
  run(named: NamedAttempt, lease: SlotLease, hooks: WholeHooks): Promise<WholeOutcome>;
  run(named: NamedAttempt, lease: SlotLease, hooks: StreamHooks | WholeHooks): Promise<Outcome> {
    const { requestId: attemptId, epoch, request, ticket, trace } = named;
    const { signal } = hooks;
    const isWhole = hooks.delivery === "whole";
    const answer = isWhole ? new WholeAnswer() : undefined;
    const spanDeps = { tracer: this.#tracer, clock: this.#clock };
    const span = trace && beginAttemptSpan(spanDeps, { trace, attemptId, epoch }, lease);
    return new Promise((resolve) => {
      const onAbort = () => this.#cancel(attempt);
      const attempt: Attempt = {
        attemptId,
        epoch,
        startedAtMs: this.#clock.nowMs(),
        traceId: trace?.traceId,
        slot: lease,
        owner: {
          lease,
          payer: named.payer,
          onDelta: hooks.delivery === "whole" ? (delta) => this.#gather(attempt, delta) : hooks.onDelta,
          span,
          answer,
          isCancelled: () => signal.aborted,
          resolve: (outcome) => {
            span?.ended(outcome);
            resolve(outcome);
          },
          stopListening: () => signal.removeEventListener("abort", onAbort),
        },
        nextSequence: 0,
        isGivenUp: false,
        stopWatching: () => {},
        stopHolding: undefined,
      };
      this.#attempts.set(keyOf(attemptId, epoch), attempt);
      const { replicaId } = lease;
      const assign = {
        kind: "assign",
        attemptId,
        epoch,
        replicaId,
        request,
        isWhole,
        ticket,
        traceId: trace?.traceId,
      } as const;
      const isSent = lease.link.send(assign);
      if (!isSent) this.#settle(attempt, { kind: "lost", reason: "the link to the worker was closed" });
      else if (signal.aborted) onAbort();
      else {
        signal.addEventListener("abort", onAbort, { once: true });
        this.#watch(attempt, silenceLimitMs(lease.expected, isWhole));
      }
    });
  }

  /** A piece of an answer has come from `workerId`. */
  output(
    workerId: string,
    piece: {
      readonly attemptId: string;
      readonly epoch: number;
      readonly sequence: number;
      readonly delta: InferenceDelta;
    },
  ): void {
    const attempt = this.#of(workerId, piece.attemptId, piece.epoch);
    if (attempt?.owner === undefined || attempt.isGivenUp) return;
    if (piece.sequence !== attempt.nextSequence) {
      this.#log.error(
        { ...idsOf(attempt), workerId, expected: attempt.nextSequence, got: piece.sequence },
        "output out of order",
      );
      this.#giveUp(attempt, "internal", "The worker's output came out of order.");
      return;
    }
    if (attempt.nextSequence === 0) attempt.stopWatching();
    attempt.nextSequence += 1;
    attempt.owner.span?.piece();
    attempt.owner.onDelta(piece.delta);
  }

  /** The worker says that an attempt is over. Stale and repeated ends change nothing. */
  ended(workerId: string, end: EndOfAttempt): void {
    const { attemptId, epoch, report, pieces, ticket } = end;
    const isWhole = pieces !== undefined;
    const acknowledge = () => {
      this.#fleet.linkTo(workerId)?.send({ kind: "ack-end", attemptId, epoch, isWhole });
    };
    const attempt = this.#of(workerId, attemptId, epoch);
    if (attempt?.owner === undefined) {
      if (attempt !== undefined) this.#settle(attempt, report);
      if (pieces === undefined || report.kind === "cancelled") {
        acknowledge();
        return;
      }
      const workerName = this.#fleet.worker(workerId)?.name ?? workerId;
      const whole = report.kind === "finished" ? { ...report, deltas: pieces } : report;
      this.#stray({ workerId, workerName, attemptId, epoch, ticket, report: whole, acknowledge });
      return;
    }
    const { answer } = attempt.owner;
    if (answer === undefined || attempt.isGivenUp || report.kind === "cancelled") {
      this.#settle(attempt, report);
      acknowledge();
      return;
    }
    const deltas = pieces ?? answer.pieces;
    this.#settle(
      attempt,
      report.kind === "finished" ? { ...report, deltas, acknowledge } : { ...report, acknowledge },
    );
  }

  /** Streams end with their link. What is wanted whole waits a little: the worker may come back with it. */
  workerLost(workerId: string, reason: string, isForGood = false): void {
    for (const attempt of this.#attempts.values()) {
      if (attempt.slot.workerId !== workerId || attempt.stopHolding !== undefined) continue;
      const { owner } = attempt;
      const lose = () => this.#settle(attempt, { kind: "lost", reason });
      if (owner?.isCancelled()) this.#settle(attempt, { kind: "cancelled" });
      else if (isForGood || owner?.answer === undefined || attempt.isGivenUp) lose();
      else attempt.stopHolding = this.#clock.after(returnGraceMs, lose);
    }
  }

  /** The worker has joined and still runs these: their slots count as taken, and those who wait for them go on. */
  adopt(
    workerId: string,
    running: readonly {
      readonly attemptId: string;
      readonly epoch: number;
      readonly replicaId: string;
    }[],
  ): void {
    for (const { attemptId, epoch, replicaId } of running) {
      const key = keyOf(attemptId, epoch);
      const known = this.#attempts.get(key);
      const isOurs = known?.stopHolding !== undefined && known.slot.workerId === workerId;
      if (known !== undefined && !isOurs) continue;
      const stop = known?.owner?.lease.onPreempt ?? (() => this.#cancel(this.#attempts.get(key)));
      const slot = this.#fleet.adopt(workerId, replicaId, stop);
      if (slot === undefined) return;
      if (known !== undefined) {
        known.stopHolding?.();
        known.stopHolding = undefined;
        known.slot = slot;
      } else {
        this.#attempts.set(key, {
          attemptId,
          epoch,
          startedAtMs: this.#clock.nowMs(),
          traceId: undefined,
          slot,
          owner: undefined,
          nextSequence: 0,
          isGivenUp: false,
          stopWatching: () => {},
          stopHolding: undefined,
        });
      }
    }
  }

  /** Settles attempts that the worker does not know of (any more): an end that never came must not hold a slot. */
  reconcile(workerId: string, alive: ReadonlySet<string>): void {
    const nowMs = this.#clock.nowMs();
    for (const [key, attempt] of this.#attempts) {
      if (attempt.slot.workerId !== workerId || alive.has(key)) continue;
      // A worker that is back has said its ends before its first beat.
      const isYoung = nowMs - attempt.startedAtMs < heartbeatGraceMs && attempt.stopHolding === undefined;
      if (isYoung) continue;
      this.#log.warn({ ...idsOf(attempt), workerId }, "worker does not know an attempt");
      this.#settle(attempt, { kind: "lost", reason: "the worker does not know of it any more" });
    }
  }

  /** One that does not know of whole answers sends pieces: they are put together here. */
  #gather(attempt: Attempt, delta: InferenceDelta): void {
    if (attempt.owner?.answer?.add(delta) === false)
      this.#giveUp(attempt, "engine_failed", "The answer is too long to be delivered in one piece.");
  }

  #settle(attempt: Attempt, outcome: Outcome): void {
    if (!this.#attempts.delete(keyOf(attempt.attemptId, attempt.epoch))) return;
    const { owner, slot } = attempt;
    attempt.stopHolding?.();
    attempt.stopWatching();
    owner?.stopListening();
    this.#log.debug({ ...idsOf(attempt), workerId: slot.workerId, result: outcome.kind }, "attempt ended");
    if (owner !== undefined) {
      this.#metrics.attemptEnded(owner.lease.model, outcome.kind);
      const { payer, lease } = owner;
      const ms = this.#clock.nowMs() - attempt.startedAtMs;
      if (payer !== undefined) this.#worked({ workerId: slot.workerId, model: lease.model, payer, ms });
      if (outcome.kind === "finished") {
        this.#metrics.attemptAnswered(lease.model, outcome);
        this.#onAnswered(lease.model, ms);
      }
    }
    if (outcome.kind === "finished") this.#finished(slot.workerId, outcome.usage);
    if (outcome.kind === "failed" && outcome.code === "given_back") {
      this.#fleet.noteGivenBack(slot.workerId);
      this.#metrics.givenBack(owner?.lease.laneClass ?? "batch");
    }
    slot.release(slotOutcome(outcome));
    owner?.resolve(outcome);
  }

  /** A worker that keeps its link and yet produces nothing is as good as lost, to this attempt. */
  #watch(attempt: Attempt, limitMs: number | undefined): void {
    if (limitMs === undefined) return;
    attempt.stopWatching = this.#clock.after(limitMs, () => {
      const { slot } = attempt;
      const fields = { ...idsOf(attempt), workerId: slot.workerId, limitMs };
      this.#log.warn(fields, "an attempt has produced nothing");
      slot.note({ kind: "failed", code: "engine_failed" });
      attempt.isGivenUp = true;
      this.#cancel(attempt);
      const reason = `it had produced nothing after ${Math.round(limitMs / 1_000)} s`;
      attempt.owner?.resolve({ kind: "lost", reason });
    });
  }

  /** Answers the owner now; the slot stays taken until the worker has stopped. */
  #giveUp(attempt: Attempt, code: ErrorCode, message: string): void {
    attempt.isGivenUp = true;
    attempt.stopWatching();
    this.#cancel(attempt);
    attempt.owner?.resolve({ kind: "failed", code, message, acknowledge() {} });
  }

  #cancel(attempt: Attempt | undefined): void {
    if (attempt === undefined) return;
    const { attemptId, epoch, slot } = attempt;
    if (attempt.stopHolding !== undefined) this.#settle(attempt, { kind: "cancelled" });
    else slot.link.send({ kind: "cancel", attemptId, epoch });
  }

  #of(workerId: string, attemptId: string, epoch: number): Attempt | undefined {
    const attempt = this.#attempts.get(keyOf(attemptId, epoch));
    if (attempt?.slot.workerId !== workerId) return undefined;
    const isBack = attempt.stopHolding !== undefined;
    return isBack || this.#fleet.isCurrent(workerId, attempt.slot.link) ? attempt : undefined;
  }
}

/** What log lines about an attempt are found by. */
function idsOf({ attemptId, epoch, traceId }: Attempt) {
  return { requestId: attemptId, traceId, epoch };
}
