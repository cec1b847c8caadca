import { type Clock, type Deferred, deferred, type Log, MusterError, neededCapabilities } from "@muster/base";
import type { AnswerEvent, AnswerSource, RequestRef } from "../core/job.ts";
import type { Lane } from "../core/lane.ts";
import { requestSize } from "../core/scheduling/request-size.ts";
import { type AttemptFailure, retryVerdict } from "../core/scheduling/retry-rule.ts";
import type { Metrics } from "../ports/metrics.ts";
import type { BusMessage, Handover, TokenBus, WireError } from "../ports/token-bus.ts";
import type { AttemptOutcome, AttemptTable } from "./attempt-table.ts";
import type { FleetRegistry } from "./fleet-registry.ts";
import type { SlotLease, SlotWish } from "./slot-lease.ts";

/** A job that is put back: no worker here has its model any more. */
interface Stranded {
  /** So many were made for it. */
  readonly attempts: number;
}

interface RunningJob {
  readonly home: string;
  readonly abort: AbortController;
  readonly handover: Deferred<Handover | undefined>;
}

/** How long another orchestrator may take to hand over a request before its client counts as gone. */
const fetchTimeoutMs = 3_000;
/** How often a job that waits here is looked at: its model may have left for another orchestrator. */
const strandedLookMs = 1_000;
/** A job is not put back more often than that: it waits here then. */
const maxTurns = 8;

interface JobRunnerDeps {
  readonly fleet: FleetRegistry;
  readonly attempts: AttemptTable;
  /** Whether another orchestrator has slots for a model; undefined: there is no other. */
  readonly isElsewhere?: ((model: string) => boolean) | undefined;
  readonly bus: TokenBus;
  readonly metrics: Metrics;
  readonly clock: Clock;
  readonly log: Log;
}

/**
 * The runner: takes jobs out of the lanes and brings them to an end on the workers that are connected here. It never
 * learns who waits for the answer, only where (`home`).
 */
export class JobRunner {
  readonly #deps: JobRunnerDeps;
  readonly #running = new Map<string, RunningJob>();

  constructor(deps: JobRunnerDeps) {
    this.#deps = deps;
  }

  /** Runs one job to its end; resolves when its slot is free again. Never rejects. */
  async run(lane: Lane, job: RequestRef): Promise<void> {
    const { requestId, home } = job;
    if (this.#running.has(requestId)) return;
    const running: RunningJob = { home, abort: new AbortController(), handover: deferred() };
    this.#running.set(requestId, running);
    let stranded: Stranded | undefined;
    try {
      const handover = await this.#fetch(job, running);
      if (handover !== undefined)
        stranded = await this.#attemptUntilDone(lane, job, handover, running.abort.signal);
    } catch (error) {
      const { code, message } = MusterError.from(error);
      if (code !== "cancelled")
        this.#deps.bus.send(home, { kind: "error", requestId, error: { code, message } });
    } finally {
      this.#running.delete(requestId);
    }
    const { bus } = this.#deps;
    if (stranded !== undefined) bus.send(home, { kind: "return", requestId, runner: bus.self, ...stranded });
  }

  /** Ends everything that runs here: its clients are told to ask again. */
  cutOff(): void {
    for (const [requestId, { home, abort }] of this.#running) {
      const message = "The orchestrator that ran this request is shutting down. Send it again.";
      this.#deps.bus.send(home, { kind: "error", requestId, error: { code: "shutting_down", message } });
      abort.abort();
    }
  }

  /** A job whose runner died. Its client may be ours or another's: tell it, unless the job runs here after all. */
  orphaned(job: RequestRef): void {
    if (this.#running.has(job.requestId)) return;
    this.#deps.bus.send(job.home, {
      kind: "error",
      requestId: job.requestId,
      error: {
        code: "worker_lost",
        message: "The orchestrator that ran this request was lost. Send it again.",
      },
    });
  }

  /** True if the message was for a runner. */
  receive(message: BusMessage): boolean {
    if (message.kind !== "request" && message.kind !== "cancel") return false;
    const running = this.#running.get(message.requestId);
    if (message.kind === "request") running?.handover.resolve(message.handover);
    else running?.abort.abort();
    return true;
  }

  async #fetch(job: RequestRef, running: RunningJob): Promise<Handover | undefined> {
    const { bus } = this.#deps;
    const giveUp = setTimeout(() => running.handover.resolve(undefined), fetchTimeoutMs);
    bus.send(job.home, { kind: "fetch", requestId: job.requestId, runner: bus.self });
    try {
      return await running.handover.promise;
    } finally {
      clearTimeout(giveUp);
    }
  }

  async #attemptUntilDone(
    lane: Lane,
    job: RequestRef,
    handover: Handover,
    signal: AbortSignal,
  ): Promise<Stranded | undefined> {
    const { fleet, attempts, metrics, clock, log } = this.#deps;
    const before = handover.attempts ?? 0;
    const failures: AttemptFailure[] = [];
    const needs = neededCapabilities(handover.request);
    const size = requestSize(handover.request);
    const { leftMs } = handover;
    const deadlineAtMs = leftMs === undefined ? undefined : clock.nowMs() + leftMs;
    const avoid = new Set<string>();
    let hasSentOutput = false;
    for (let epoch = before + 1; ; epoch++) {
      const wish = { laneClass: lane.class, ...{ avoid, needs, signal, deadlineAtMs }, ...size };
      const lease = await this.#lease(lane.model, wish, (job.turn ?? 0) < maxTurns);
      if (lease === undefined) return { attempts: epoch - 1 };
      const { workerId, workerName, replicaId } = lease;
      const variant = fleet.replica(workerId, replicaId)?.variant;
      const source: AnswerSource = { workerId, workerName, epoch, model: lane.model, variant };
      this.#emit(job, { kind: "started", source });
      const ended = await attempts.run(
        {
          ...{ requestId: job.requestId, epoch, request: handover.request },
          ...{ payer: handover.payer, trace: handover.trace },
        },
        lease,
        {
          signal,
          onDelta: (delta) => {
            hasSentOutput = !handover.isRestartable;
            this.#emit(job, { kind: "delta", delta });
          },
        },
      );
      if (ended.kind === "cancelled" && signal.aborted) return undefined;
      // A worker that stops what nobody asked it to stop has lost it.
      const outcome =
        ended.kind === "cancelled" ? { kind: "lost" as const, reason: "it stopped the request" } : ended;
      if (outcome.kind === "finished") {
        this.#emit(job, { ...outcome, kind: "end", source });
        return undefined;
      }
      if (signal.aborted) return undefined;
      failures.push(failureOf(outcome));
      avoid.add(lease.workerId);
      const verdict = retryVerdict({ failures, hasSentOutput });
      if (verdict.kind === "give-up") {
        this.#fail(job, errorOf(outcome, lease.workerName, verdict.reason));
        return undefined;
      }
      this.#deps.bus.send(job.home, { kind: "waiting", requestId: job.requestId });
      metrics.retried(failures.at(-1) ?? "other");
      log.warn(
        { requestId: job.requestId, traceId: handover.trace?.traceId, workerId: lease.workerId, epoch },
        "attempt failed, trying elsewhere",
      );
    }
  }

  /** A slot here; undefined where the model has left and another orchestrator has slots for it. */
  async #lease(model: string, wish: SlotWish, mayReturn: boolean): Promise<SlotLease | undefined> {
    const { fleet, clock, isElsewhere } = this.#deps;
    if (isElsewhere === undefined || !mayReturn) return fleet.acquire(model, wish);
    const leave = new AbortController();
    const look = () => {
      if (fleet.slots(model) === 0 && isElsewhere(model)) leave.abort();
      else stop = clock.after(strandedLookMs, look);
    };
    let stop = clock.after(strandedLookMs, look);
    try {
      return await fleet.acquire(model, { ...wish, signal: AbortSignal.any([wish.signal, leave.signal]) });
    } catch (error) {
      if (leave.signal.aborted && !wish.signal.aborted) return undefined;
      throw error;
    } finally {
      stop();
    }
  }

  #emit(job: RequestRef, event: AnswerEvent): void {
    this.#deps.bus.send(job.home, { kind: "event", requestId: job.requestId, event });
  }

  #fail(job: RequestRef, error: WireError): void {
    this.#deps.bus.send(job.home, { kind: "error", requestId: job.requestId, error });
  }
}

type FailedOutcome = Extract<AttemptOutcome, { kind: "lost" | "failed" }>;

function failureOf(outcome: FailedOutcome): AttemptFailure {
  if (outcome.kind === "lost") return "worker_lost";
  if (outcome.code === "engine_crashed") return "engine_crashed";
  if (outcome.code === "given_back") return "given_back";
  // The replica left between our choice and the worker's answer: nothing was tried, so another may.
  return outcome.code === "not_ready" || outcome.code === "shutting_down" ? "worker_lost" : "other";
}

function errorOf(outcome: FailedOutcome, workerName: string, why: string): WireError {
  if (outcome.kind === "lost") {
    return {
      code: "worker_lost",
      message: `The worker "${workerName}" was lost (${outcome.reason}); the request was not tried again: ${why}.`,
    };
  }
  if (outcome.code === "engine_crashed") {
    return {
      code: "engine_crashed",
      message: `The engine on worker "${workerName}" crashed; the request was not tried again: ${why}.`,
    };
  }
  const { code, message, param } = outcome;
  return { code, message, ...(param === undefined ? {} : { param }) };
}
