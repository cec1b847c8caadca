import {
  type Background,
  type Clock,
  type InferenceRequest,
  type Log,
  Mailbox,
  MusterError,
} from "@muster/base";
import { weightOf } from "../core/event-weight.ts";
import type { AnswerEvent, RequestRef } from "../core/job.ts";
import type { Lane, LaneClass, WaitingLane } from "../core/lane.ts";
import type { TraceRef } from "../core/tracing/trace-context.ts";
import type { Payer } from "../core/usage/usage-row.ts";
import type { JobQueue } from "../ports/job-queue.ts";
import type { Metrics } from "../ports/metrics.ts";
import type { BusMessage, Handover, TokenBus } from "../ports/token-bus.ts";
import type { Span, Tracer } from "../ports/tracer.ts";
import type { AskedHere } from "./placement/demand-book.ts";

/** What a client may leave unread before its request is cancelled, in characters. */
const maxUnreadLength = 1_048_576;
/** The same for an answer that is put together here before it is sent: pieces of one burst are read right after it. */
const maxUnreadWholeLength = 67_108_864;

interface Entry {
  readonly lane: Lane;
  readonly handover: Handover;
  readonly mailbox: Mailbox<AnswerEvent>;
  readonly acceptedAtMs: number;
  /** Later where its worker was lost: what was answered until then was no waiting. */
  waitsSinceMs: number;
  readonly queueTimeoutMs: number;
  /** In monotonic time. */
  readonly deadlineAtMs: number | undefined;
  stopQueueTimer: () => void;
  readonly stopDeadline: () => void;
  /** One signal may be of many requests, and live longer than each. */
  readonly stopListening: () => void;
  /** Set once a runner has asked for the request. */
  runner: string | undefined;
  /** How often a runner has put it back. */
  turn: number | undefined;
  /** Of the runners that have put it back. */
  attempts: number;
  hasStarted: boolean;
  /** Of its wait for a slot, while it waits; undefined where it is not traced. */
  wait: Span | undefined;
  /** Its model was on its way when it was looked at last. */
  isComing: boolean;
}

export interface SubmitOptions {
  readonly requestId: string;
  readonly lane: Lane;
  readonly request: InferenceRequest;
  /** Fails the request with `queue_timeout` when no slot has been found by then. */
  readonly queueTimeoutMs: number;
  /** Fails the request with `deadline_exceeded` when its answer is not complete by then, from now. */
  readonly deadlineMs?: number | undefined;
  /** The client sees nothing before the end: a lost worker is replaced, and `started` comes again with a higher epoch. */
  readonly isRestartable: boolean;
  readonly payer?: Payer | undefined;
  /** Undefined: a question of our own, which nobody follows. */
  readonly trace?: TraceRef | undefined;
  readonly signal: AbortSignal;
}

interface RequestDeskDeps {
  readonly queue: JobQueue;
  readonly bus: TokenBus;
  readonly metrics: Metrics;
  /** Undefined: traces are off. */
  readonly tracer?: Tracer | undefined;
  readonly clock: Clock;
  readonly log: Log;
  readonly background: Background;
  readonly maxQueued: number;
  /** How models come up that nobody has loaded; undefined: they do not. */
  readonly coldStarts?: ColdStarts | undefined;
}

/** A model that is being loaded for those who wait for it. */
export interface ColdStarts {
  /** Whether waiting for the model makes sense: it is being fetched or loaded. */
  isComingUp(model: string): boolean;
  /** Why it is not, where that is known. */
  unmetBecause(model: string): string | undefined;
  /** Somebody asks for the model now. */
  asked?(model: string): void;
  /** A request waits at most so long for a model to be loaded. */
  readonly longestMs: number;
}

/**
 * The home of accepted requests: keeps each, with its prompt, until its answer has ended, and hands it to the runner
 * that its turn comes at. Exactly one end reaches the client: the answer's, or one error.
 */
export class RequestDesk {
  readonly #deps: RequestDeskDeps;
  readonly #entries = new Map<string, Entry>();
  #idle: (() => void)[] = [];
  #isClosing = false;

  constructor(deps: RequestDeskDeps) {
    this.#deps = deps;
    deps.queue.onRecovered(() => this.#requeue());
  }

  get size(): number {
    return this.#entries.size;
  }

  /**
   * Accepts a request and gives its answer. Throws MusterError: `queue_full` and `store_unavailable` before it is
   * accepted; `queue_timeout`, `deadline_exceeded`, `cancelled`, `worker_lost`, `engine_crashed` and what the engine says, afterwards.
   * Leaving the loop early, or `signal`, cancels: the worker stops within a second, a queued request is never run.
   */
  async submit(options: SubmitOptions): Promise<AsyncIterable<AnswerEvent>> {
    const { requestId, lane, request, signal, trace } = options;
    const { queue, clock, maxQueued } = this.#deps;
    if (this.#isClosing) throw shuttingDown();
    if (this.#entries.size >= maxQueued) {
      throw new MusterError(
        "queue_full",
        `${maxQueued} requests are waiting already. Try again in a moment.`,
        { retryAfterMs: 2_000 },
      );
    }
    const leave = () => this.#drop(requestId);
    const { deadlineMs } = options;
    const nowMs = clock.nowMs();
    const onAbort = () => this.#fail(requestId, cancelled());
    const entry: Entry = {
      lane,
      handover: { request, isRestartable: options.isRestartable, payer: options.payer, trace },
      mailbox: new Mailbox<AnswerEvent>(
        options.isRestartable ? maxUnreadWholeLength : maxUnreadLength,
        leave,
        weightOf,
      ),
      acceptedAtMs: nowMs,
      waitsSinceMs: nowMs,
      queueTimeoutMs: options.queueTimeoutMs,
      deadlineAtMs: deadlineMs === undefined ? undefined : nowMs + deadlineMs,
      stopQueueTimer: clock.after(options.queueTimeoutMs, () =>
        this.#timeOut(requestId, options.queueTimeoutMs),
      ),
      stopDeadline: this.#endAt(requestId, options.deadlineMs),
      stopListening: () => signal.removeEventListener("abort", onAbort),
      runner: undefined,
      turn: undefined,
      attempts: 0,
      hasStarted: false,
      wait: this.#beginWait(lane, trace),
      isComing: false,
    };
    this.#entries.set(requestId, entry);
    signal.addEventListener("abort", onAbort, { once: true });
    if (signal.aborted) onAbort();
    try {
      await queue.put(lane, this.#refOf(requestId, entry));
    } catch (error) {
      this.#fail(requestId, MusterError.from(error));
      throw error;
    }
    this.#deps.coldStarts?.asked?.(lane.model);
    return entry.mailbox;
  }

  /** What the requests that are under way here ask for, by model. */
  demand(): ReadonlyMap<string, AskedHere> {
    const nowMs = this.#deps.clock.nowMs();
    const asked = new Map<string, MutableAsked>();
    for (const { lane, hasStarted, waitsSinceMs } of this.#entries.values()) {
      const one = asked.get(lane.model) ?? nothingAsked();
      asked.set(lane.model, one);
      one[hasStarted ? "running" : "waiting"][lane.class] += 1;
      if (!hasStarted) one.oldestWaitMs = Math.max(one.oldestWaitMs, nowMs - waitsSinceMs);
    }
    return asked;
  }

  /** What waits here for a slot, by lane. */
  waiting(): readonly WaitingLane[] {
    const nowMs = this.#deps.clock.nowMs();
    const lanes = new Map<string, { -readonly [K in keyof WaitingLane]: WaitingLane[K] }>();
    for (const { lane, hasStarted, waitsSinceMs } of this.#entries.values()) {
      const name = `${lane.class}.${lane.model}`;
      const one = lanes.get(name) ?? { ...lane, waiting: 0, oldestWaitMs: 0 };
      lanes.set(name, one);
      if (hasStarted) continue;
      one.waiting += 1;
      one.oldestWaitMs = Math.max(one.oldestWaitMs, nowMs - waitsSinceMs);
    }
    return [...lanes.values()];
  }

  /** True if the message was for the home of a request. */
  receive(message: BusMessage): boolean {
    switch (message.kind) {
      case "fetch":
        this.#handOver(message.requestId, message.runner);
        return true;
      case "event":
        this.#deliver(message.requestId, message.event);
        return true;
      case "error": {
        const { code, message: text, ...options } = message.error;
        this.#fail(message.requestId, new MusterError(code, text, options));
        return true;
      }
      case "waiting":
        this.#waitAgain(message.requestId);
        return true;
      case "return":
        this.#putBack(message);
        return true;
      case "gap":
        this.#interrupted(message.from);
        return true;
      case "request":
      case "cancel":
        return false;
      default:
        return message satisfies never;
    }
  }

  /**
   * Accepts nothing more, turns away what still waits for a slot, and resolves when what runs has ended, at the latest
   * after `graceMs`: then the rest is cut off with an error.
   */
  async close(graceMs: number): Promise<void> {
    this.#isClosing = true;
    for (const [requestId, entry] of this.#entries)
      if (!entry.hasStarted) this.#fail(requestId, shuttingDown());
    if (this.#entries.size === 0) return;
    await new Promise<void>((resolve) => {
      const stopTimer = this.#deps.clock.after(graceMs, () => {
        for (const requestId of [...this.#entries.keys()]) this.#fail(requestId, shuttingDown());
      });
      this.#idle.push(() => {
        stopTimer();
        resolve();
      });
    });
  }

  #handOver(requestId: string, runner: string): void {
    const { bus, clock } = this.#deps;
    const entry = this.#entries.get(requestId);
    // Two runners can hold one job only after the store lost track of it: the first one has it.
    if (entry === undefined || (entry.runner !== undefined && entry.runner !== runner)) {
      bus.send(runner, { kind: "request", requestId });
      return;
    }
    entry.runner = runner;
    const { handover, deadlineAtMs, attempts } = entry;
    const left = deadlineAtMs === undefined ? {} : { leftMs: deadlineAtMs - clock.nowMs() };
    const made = attempts === 0 ? {} : { attempts };
    bus.send(runner, { kind: "request", requestId, handover: { ...handover, ...left, ...made } });
  }

  /** The runner has no worker for it any more, and another has. Its time in the queue goes on. */
  #putBack({ requestId, runner, attempts }: Extract<BusMessage, { readonly kind: "return" }>): void {
    const entry = this.#entries.get(requestId);
    if (entry === undefined || entry.runner !== runner) return;
    const { queue, background } = this.#deps;
    entry.runner = undefined;
    entry.attempts = attempts;
    entry.turn = (entry.turn ?? 0) + 1;
    const ref = this.#refOf(requestId, entry);
    background.run(
      "put-back",
      () =>
        queue.put(entry.lane, ref).catch((error: unknown) => this.#fail(requestId, MusterError.from(error))),
      idsOf(requestId, entry),
    );
  }

  #refOf(requestId: string, { turn, handover: { trace } }: Entry): RequestRef {
    const traceId = trace === undefined ? {} : { traceId: trace.traceId };
    return { requestId, home: this.#deps.bus.self, ...(turn === undefined ? {} : { turn }), ...traceId };
  }

  /** Its time in the queue, as a trace shows it. */
  #beginWait({ model, class: laneClass }: Lane, trace: TraceRef | undefined): Span | undefined {
    return this.#deps.tracer?.child(trace, {
      name: "queue",
      attributes: { "muster.lane.model": model, "muster.lane.class": laneClass },
    });
  }

  #deliver(requestId: string, event: AnswerEvent): void {
    const entry = this.#entries.get(requestId);
    if (entry === undefined) return;
    if (event.kind === "started" && !entry.hasStarted) {
      entry.hasStarted = true;
      entry.stopQueueTimer();
      entry.wait?.end();
      entry.wait = undefined;
      if (event.source.epoch === 1)
        this.#deps.metrics.queueWaited(
          entry.lane.model,
          entry.lane.class,
          this.#deps.clock.nowMs() - entry.acceptedAtMs,
        );
    }
    if (!entry.mailbox.push(event)) {
      this.#fail(
        requestId,
        new MusterError("cancelled", "The client did not read its answer: too much of it was waiting."),
      );
      return;
    }
    if (event.kind === "end") {
      entry.mailbox.close();
      this.#forget(requestId);
    }
  }

  /** The runner looks for another worker: that may take as long as finding the first one. */
  #waitAgain(requestId: string): void {
    const entry = this.#entries.get(requestId);
    if (entry === undefined) return;
    if (entry.hasStarted) entry.waitsSinceMs = this.#deps.clock.nowMs();
    entry.hasStarted = false;
    entry.wait ??= this.#beginWait(entry.lane, entry.handover.trace);
    entry.stopQueueTimer();
    entry.stopQueueTimer = this.#deps.clock.after(entry.queueTimeoutMs, () =>
      this.#timeOut(requestId, entry.queueTimeoutMs),
    );
  }

  /** Pieces of answers from this runner may be missing: better an error than an answer with a hole. */
  #interrupted(runner: string): void {
    for (const [requestId, entry] of this.#entries) {
      if (entry.runner !== runner) continue;
      const message =
        "The connection to the orchestrator that ran this request was interrupted. Send it again.";
      this.#fail(requestId, new MusterError("worker_lost", message));
    }
  }

  #timeOut(requestId: string, afterMs: number): void {
    const entry = this.#entries.get(requestId);
    if (entry === undefined) return;
    const { coldStarts, clock } = this.#deps;
    const { model } = entry.lane;
    const waitedMs = clock.nowMs() - entry.acceptedAtMs;
    const wasComing = entry.isComing;
    entry.isComing = coldStarts?.isComingUp(model) ?? false;
    // One that has just come has had no time yet to answer those who waited for it.
    const hasCome = wasComing && !entry.isComing && coldStarts?.unmetBecause(model) === undefined;
    if (coldStarts !== undefined && (entry.isComing || hasCome) && waitedMs < coldStarts.longestMs) {
      entry.stopQueueTimer = clock.after(afterMs, () => this.#timeOut(requestId, afterMs));
      return;
    }
    const seconds = Math.round(waitedMs / 100) / 10;
    const because = coldStarts?.unmetBecause(model);
    const reason = because === undefined ? "" : ` Why: ${because.replace(/\.$/, "")}.`;
    this.#fail(
      requestId,
      new MusterError(
        "queue_timeout",
        `No worker had a free slot for "${model}" within ${seconds} s.${reason} Try again later, or add workers.`,
        { retryAfterMs: 5_000 },
      ),
    );
  }

  #endAt(requestId: string, deadlineMs: number | undefined): () => void {
    if (deadlineMs === undefined) return () => {};
    return this.#deps.clock.after(deadlineMs, () => {
      const hasStarted = this.#entries.get(requestId)?.hasStarted;
      const what = hasStarted ? "its answer was not complete" : "no worker had begun to answer";
      this.#fail(
        requestId,
        new MusterError("deadline_exceeded", `The request's deadline of ${deadlineMs} ms is over: ${what}.`),
      );
    });
  }

  #fail(requestId: string, error: MusterError): void {
    const entry = this.#entries.get(requestId);
    if (entry === undefined) return;
    entry.wait?.end({ error: error.code });
    entry.mailbox.fail(error);
    this.#drop(requestId);
  }

  /** Forgets a request that is not over, and stops whatever is under way for it. */
  #drop(requestId: string): void {
    const entry = this.#entries.get(requestId);
    if (entry === undefined) return;
    this.#forget(requestId);
    const { bus, queue, background } = this.#deps;
    if (entry.runner !== undefined) bus.send(entry.runner, { kind: "cancel", requestId });
    else
      background.run(
        "remove-job",
        () => queue.remove(entry.lane, this.#refOf(requestId, entry)),
        idsOf(requestId, entry),
      );
  }

  #forget(requestId: string): void {
    const entry = this.#entries.get(requestId);
    entry?.stopQueueTimer();
    entry?.stopDeadline();
    entry?.stopListening();
    entry?.wait?.end();
    this.#entries.delete(requestId);
    if (this.#entries.size > 0) return;
    for (const wake of this.#idle.splice(0)) wake();
  }

  /** The store is back after an outage: what it took last may be lost. Putting again is without effect otherwise. */
  #requeue(): void {
    const { queue, log, background } = this.#deps;
    const waiting = [...this.#entries].filter(([, entry]) => entry.runner === undefined);
    if (waiting.length > 0) log.info({ requests: waiting.length }, "putting waiting requests again");
    for (const [requestId, entry] of waiting) {
      const put = () => queue.put(entry.lane, this.#refOf(requestId, entry));
      background.run("put-again", put, idsOf(requestId, entry));
    }
  }
}

/** What log lines about a request are found by. */
function idsOf(requestId: string, { handover }: Entry) {
  return { requestId, traceId: handover.trace?.traceId };
}

interface MutableAsked extends AskedHere {
  readonly waiting: Record<LaneClass, number>;
  readonly running: Record<LaneClass, number>;
  oldestWaitMs: number;
}

function nothingAsked(): MutableAsked {
  return { waiting: { interactive: 0, batch: 0 }, running: { interactive: 0, batch: 0 }, oldestWaitMs: 0 };
}

function cancelled(): MusterError {
  return new MusterError("cancelled", "The client left before the answer was complete.");
}

function shuttingDown(): MusterError {
  return new MusterError("shutting_down", "This orchestrator is shutting down. Send the request again.", {
    retryAfterMs: 1_000,
  });
}
