import type {
  Clock,
  ErrorCode,
  GenerateTimings,
  GenerateUsage,
  InferenceDelta,
  InferenceEnd,
  InferenceRequest,
  Log,
} from "@muster/base";
import type { Metrics } from "../ports/metrics.ts";
import type { FleetRegistry, SlotLease } from "./fleet-registry.ts";

export type AttemptOutcome =
  | ({ readonly kind: "finished" } & InferenceEnd)
  | { readonly kind: "cancelled" }
  | { readonly kind: "lost"; readonly reason: string }
  | { readonly kind: "failed"; readonly code: ErrorCode; readonly message: string; readonly param?: string };

/** What a worker reports as the end of an attempt. */
export type AttemptReport = Exclude<AttemptOutcome, { kind: "lost" }>;

interface Attempt {
  readonly lease: SlotLease;
  readonly startedAtMs: number;
  readonly onDelta: (delta: InferenceDelta) => void;
  /** Ends the attempt and frees its slot. */
  readonly settle: (outcome: AttemptOutcome) => void;
  /** Answers the request now; the slot stays taken until the worker has stopped. */
  readonly giveUp: (outcome: AttemptOutcome) => void;
  nextSequence: number;
  isGivenUp: boolean;
}

/** No sequence is decoded faster: a worker that says so is wrong. */
const maxDecodeRate = 100_000;
/** An attempt younger than this may be missing from a heartbeat that was already on its way. */
const heartbeatGraceMs = 10_000;

/** The attempts that run now. An attempt is named by request and epoch: what a stale one says is not listened to. */
export class AttemptTable {
  readonly #clock: Clock;
  readonly #log: Log;
  readonly #fleet: FleetRegistry;
  readonly #metrics: Metrics;
  readonly #attempts = new Map<string, Attempt>();

  constructor(deps: {
    readonly clock: Clock;
    readonly log: Log;
    readonly fleet: FleetRegistry;
    readonly metrics: Metrics;
  }) {
    this.#clock = deps.clock;
    this.#log = deps.log;
    this.#fleet = deps.fleet;
    this.#metrics = deps.metrics;
  }

  get size(): number {
    return this.#attempts.size;
  }

  /**
   * Sends the request to the worker of `lease` and resolves with how it ended; the slot is free again by then. On
   * `signal` the worker is told to stop, and the slot is kept until it says that it has: never more runs than slots.
   */
  run(
    named: { readonly requestId: string; readonly epoch: number; readonly request: InferenceRequest },
    lease: SlotLease,
    hooks: { readonly onDelta: (delta: InferenceDelta) => void; readonly signal: AbortSignal },
  ): Promise<AttemptOutcome> {
    const { requestId: attemptId, epoch, request } = named;
    const { signal, onDelta } = hooks;
    const key = keyOf(attemptId, epoch);
    return new Promise((resolve) => {
      const cancel = () => {
        lease.link.send({ kind: "cancel", attemptId, epoch });
      };
      const settle = (outcome: AttemptOutcome) => {
        if (!this.#attempts.delete(key)) return;
        signal.removeEventListener("abort", cancel);
        this.#metrics.attemptEnded(lease.model, outcome.kind);
        lease.release(outcome.kind === "finished" ? decodeRate(outcome.usage, outcome.timings) : undefined);
        resolve(outcome);
      };
      const giveUp = (outcome: AttemptOutcome) => {
        attempt.isGivenUp = true;
        cancel();
        resolve(outcome);
      };
      const attempt: Attempt = {
        lease,
        startedAtMs: this.#clock.nowMs(),
        onDelta,
        settle,
        giveUp,
        nextSequence: 0,
        isGivenUp: false,
      };
      this.#attempts.set(key, attempt);
      const isSent = lease.link.send({
        kind: "assign",
        attemptId,
        epoch,
        replicaId: lease.replicaId,
        request,
      });
      if (!isSent) settle({ kind: "lost", reason: "the link to the worker was closed" });
      else if (signal.aborted) cancel();
      else signal.addEventListener("abort", cancel, { once: true });
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
    if (attempt === undefined) return;
    if (attempt.isGivenUp) return;
    if (piece.sequence !== attempt.nextSequence) {
      this.#log.error(
        { workerId, expected: attempt.nextSequence, got: piece.sequence },
        "output out of order",
      );
      attempt.giveUp({ kind: "failed", code: "internal", message: "The worker's output came out of order." });
      return;
    }
    attempt.nextSequence += 1;
    attempt.onDelta(piece.delta);
  }

  /** The worker says that an attempt is over. Stale and repeated ends change nothing. */
  ended(workerId: string, attemptId: string, epoch: number, report: AttemptReport): void {
    this.#of(workerId, attemptId, epoch)?.settle(report);
  }

  workerLost(workerId: string, reason: string): void {
    for (const attempt of this.#attempts.values()) {
      if (attempt.lease.workerId === workerId) attempt.settle({ kind: "lost", reason });
    }
  }

  /** Settles attempts that the worker does not know of (any more): an end that never came must not hold a slot. */
  reconcile(workerId: string, alive: ReadonlySet<string>): void {
    const nowMs = this.#clock.nowMs();
    for (const [key, attempt] of this.#attempts) {
      if (attempt.lease.workerId !== workerId || alive.has(key)) continue;
      if (nowMs - attempt.startedAtMs < heartbeatGraceMs) continue;
      this.#log.warn({ workerId, attempt: key }, "worker does not know an attempt");
      attempt.settle({ kind: "lost", reason: "the worker does not know of it any more" });
    }
  }

  #of(workerId: string, attemptId: string, epoch: number): Attempt | undefined {
    const attempt = this.#attempts.get(keyOf(attemptId, epoch));
    return attempt?.lease.workerId === workerId && this.#fleet.isCurrent(workerId, attempt.lease.link)
      ? attempt
      : undefined;
  }
}

/** How heartbeats and tables name an attempt. */
function keyOf(attemptId: string, epoch: number): string {
  return `${attemptId}#${epoch}`;
}

/** Tokens per second of one sequence, or undefined where too little was decoded to say. */
function decodeRate(usage: GenerateUsage, timings: GenerateTimings): number | undefined {
  const decoded = usage.completionTokens - 1;
  const rate = (decoded * 1000) / timings.decodeMs;
  return decoded >= 4 && rate > 0 && rate <= maxDecodeRate ? rate : undefined;
}
