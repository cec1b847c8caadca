import {
  type Background,
  type Clock,
  type Deferred,
  deferred,
  type InferenceEnd,
  type Log,
  MusterError,
  WholeAnswer,
} from "@muster/base";
import {
  type Assignment,
  type AttemptName,
  type AttemptResult,
  attemptKey,
  type EndOfAttempt,
  type Failure,
  type RunningAttempt,
} from "../core/link-messages.ts";
import type { LinkSession } from "../ports/orchestrator-link.ts";
import { EndOutbox } from "./end-outbox.ts";
import type { ReplicaSet } from "./replica-set.ts";

/** Why the worker itself ends an attempt: nothing is wrong with the request, another worker may have it. */
class Ending {
  readonly failure: Failure;

  constructor(failure: Failure) {
    this.failure = failure;
  }
}

const leaving = new Ending({ code: "shutting_down", message: "The worker is leaving." });
const tooLong: Failure = {
  code: "engine_failed",
  message:
    "The answer is too long to be delivered in one piece. Ask for less: fewer tokens, inputs or log probabilities.",
};
/** What is wanted whole goes on so long without a link: longer than an orchestrator takes to start again. */
const maxUnlinkedMs = 60_000;

/** An answer that was cut off ends within this time, or its engine hangs. */
const hungMs = 5_000;

interface Running {
  readonly assignment: Assignment;
  readonly abort: AbortController;
  readonly over: Deferred<void>;
}

/** Attempts by how they are delivered: whole ones are lines of batches. */
export interface AttemptCounts {
  readonly interactive: number;
  readonly batch: number;
}

/** Which attempts are given back, what they are told, and how long what people read goes on. */
export interface GiveBack {
  /** Undefined: all. */
  readonly replicaId?: string;
  readonly message: string;
  readonly graceMs: number;
}

const everyReplica = "";

/**
 * The attempts that run on this worker. Each ends in exactly one `end`, which is said again on every new link until the
 * orchestrator has acknowledged it.
 */
export class Assignments {
  readonly #replicas: ReplicaSet;
  readonly #background: Background;
  readonly #clock: Clock;
  readonly #log: Log;
  readonly #running = new Map<string, Running>();
  readonly #outbox: EndOutbox;
  #session: LinkSession | undefined;
  #stopWaiting: () => void = () => {};
  #isDraining = false;
  /** By replica, or for all: why it takes no more, and what ends the grace early. */
  readonly #refusals = new Map<string, { readonly ending: Ending; readonly stopTimer: () => void }>();
  readonly #givenBack = { interactive: 0, batch: 0 };
  readonly #onAnswered: (end: InferenceEnd) => void;
  #idle: (() => void)[] = [];

  constructor(deps: {
    readonly replicas: ReplicaSet;
    readonly background: Background;
    readonly clock: Clock;
    readonly log: Log;
    /** Hears what each answer has taken. */
    readonly onAnswered?: (end: InferenceEnd) => void;
  }) {
    this.#onAnswered = deps.onAnswered ?? (() => {});
    this.#replicas = deps.replicas;
    this.#background = deps.background;
    this.#clock = deps.clock;
    this.#log = deps.log;
    this.#outbox = new EndOutbox(deps.log);
  }

  running(): RunningAttempt[] {
    return [...this.#running.values()].map(({ assignment: { attemptId, epoch, replicaId } }) => ({
      attemptId,
      epoch,
      replicaId,
    }));
  }

  runningCounts(): AttemptCounts {
    const batch = [...this.#running.values()].filter(({ assignment }) => assignment.isWhole).length;
    return { interactive: this.#running.size - batch, batch };
  }

  /** Attempts that were ended, or refused, since the machine was needed. */
  givenBackCounts(): AttemptCounts {
    return { ...this.#givenBack };
  }

  /**
   * Takes no more for these replicas. Lines of batches end at once: they are run elsewhere, whole. What people read goes
   * on for `graceMs`, then it ends as well.
   */
  giveBack({ replicaId = everyReplica, message, graceMs }: GiveBack): void {
    this.#refusals.get(replicaId)?.stopTimer();
    const ending = new Ending({ code: "given_back", message });
    const running = () => this.#runningOn(replicaId);
    const stopTimer = this.#clock.after(graceMs, () => {
      for (const { abort } of running()) abort.abort(ending);
    });
    this.#refusals.set(replicaId, { ending, stopTimer });
    for (const { assignment, abort } of running()) if (assignment.isWhole) abort.abort(ending);
  }

  /** The machine is lent again, or the replica is. */
  takeAgain(replicaId = everyReplica): void {
    this.#refusals.get(replicaId)?.stopTimer();
    this.#refusals.delete(replicaId);
  }

  /** Resolves when nothing runs on the replica. */
  async whenFree(replicaId: string): Promise<void> {
    for (;;) {
      const running = this.#runningOn(replicaId);
      if (running.length === 0) return;
      await Promise.all(running.map(({ over }) => over.promise));
    }
  }

  /** Whether something that people read runs on the replica. */
  isRead(replicaId: string): boolean {
    return this.#runningOn(replicaId).some(({ assignment }) => !assignment.isWhole);
  }

  /** A new link: what was not acknowledged is said again, before any beat that leaves it out. */
  attach(session: LinkSession): void {
    this.#stopWaiting();
    this.#session = session;
    for (const end of this.#outbox.ends()) session.send(end);
  }

  /** The link is gone. What streams is for nobody now; what is wanted whole waits for the next link. */
  detach(): void {
    this.#session = undefined;
    for (const { assignment, abort } of this.#running.values()) if (!assignment.isWhole) abort.abort();
    this.#stopWaiting();
    if (this.#running.size === 0) return;
    this.#stopWaiting = this.#clock.after(maxUnlinkedMs, () => {
      for (const { abort } of this.#running.values()) abort.abort();
    });
  }

  assign(assignment: Assignment): void {
    const key = attemptKey(assignment);
    if (this.#running.has(key)) return;
    const answer = assignment.isWhole ? new WholeAnswer() : undefined;
    const refusal = this.#refusals.get(everyReplica) ?? this.#refusals.get(assignment.replicaId);
    const ending = this.#isDraining ? leaving : refusal?.ending;
    if (ending !== undefined) {
      this.#end(assignment, { kind: "failed", ...ending.failure }, answer);
      return;
    }
    const abort = new AbortController();
    const over = deferred<void>();
    this.#running.set(key, { assignment, abort, over });
    this.#background.run("attempt", async () => {
      const result = await this.#run(assignment, answer, abort.signal);
      this.#running.delete(key);
      this.#end(assignment, result, answer);
      over.resolve();
      if (this.#running.size > 0) return;
      this.#stopWaiting();
      for (const wake of this.#idle.splice(0)) wake();
    });
  }

  cancel(name: AttemptName): void {
    this.#running.get(attemptKey(name))?.abort.abort();
  }

  acknowledged(name: AttemptName): void {
    this.#outbox.remove(name);
  }

  /** Takes no more; resolves when what runs has ended, or been cut off after `graceMs`. An engine that hangs is not waited for. */
  async drain(graceMs: number): Promise<void> {
    this.#isDraining = true;
    if (this.#running.size === 0) return;
    await new Promise<void>((resolve) => {
      let stopTimer = this.#clock.after(graceMs, () => {
        for (const { abort } of this.#running.values()) abort.abort(leaving);
        stopTimer = this.#clock.after(hungMs, resolve);
      });
      this.#idle.push(() => {
        stopTimer();
        resolve();
      });
    });
  }

  async #run(
    assignment: Assignment,
    answer: WholeAnswer | undefined,
    signal: AbortSignal,
  ): Promise<AttemptResult> {
    const { attemptId, epoch, replicaId, request } = assignment;
    const keeper = this.#replicas.get(replicaId);
    if (keeper === undefined) {
      return { kind: "failed", code: "not_ready", message: `This worker has no replica "${replicaId}".` };
    }
    try {
      let sequence = 0;
      for await (const event of keeper.infer(request, signal)) {
        if (event.kind === "end") {
          this.#onAnswered(event);
          return { ...event, kind: "finished" };
        }
        if (answer !== undefined) {
          if (!answer.add(event)) return { kind: "failed", ...tooLong };
          continue;
        }
        const session = this.#session;
        const hasRoom = session?.send({ kind: "output", attemptId, epoch, sequence, delta: event });
        sequence += 1;
        if (hasRoom === false) await session?.writable();
      }
      return { kind: "failed", code: "engine_failed", message: "The engine gave no end." };
    } catch (error) {
      const failure = MusterError.from(error, "engine_failed");
      if (signal.reason instanceof Ending) return { kind: "failed", ...signal.reason.failure };
      if (signal.aborted || failure.code === "cancelled") return { kind: "cancelled" };
      this.#log.warn({ attemptId, epoch, code: failure.code }, "attempt failed");
      return { kind: "failed", code: failure.code, message: failure.message, param: failure.param };
    }
  }

  #runningOn(replicaId: string): readonly Running[] {
    const all = [...this.#running.values()];
    return replicaId === everyReplica
      ? all
      : all.filter(({ assignment }) => assignment.replicaId === replicaId);
  }

  #end(assignment: Assignment, result: AttemptResult, answer: WholeAnswer | undefined): void {
    const { attemptId, epoch, ticket } = assignment;
    if (result.kind === "failed" && result.code === "given_back")
      this.#givenBack[answer === undefined ? "interactive" : "batch"] += 1;
    const isAnswered = answer !== undefined && result.kind === "finished";
    const pieces = answer === undefined ? undefined : isAnswered ? answer.pieces : [];
    const end: EndOfAttempt = { kind: "end", attemptId, epoch, ticket, result, pieces };
    this.#outbox.add(end, isAnswered ? answer.bytes : 0);
    this.#session?.send(end);
  }
}
