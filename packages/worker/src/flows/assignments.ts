import { type Background, type Log, MusterError } from "@muster/base";
import {
  type Assignment,
  type AttemptName,
  type AttemptResult,
  attemptKey,
  type EndOfAttempt,
  type Failure,
} from "../core/link-messages.ts";
import type { LinkSession } from "../ports/orchestrator-link.ts";
import type { ReplicaSet } from "./replica-set.ts";

/** Why a draining worker ends an attempt: nothing is wrong with the request, another worker may have it. */
const leaving: Failure = { code: "shutting_down", message: "The worker is leaving." };
/** Ends that may wait for their acknowledgement; beyond it the oldest are given up. */
const maxUnacknowledged = 1_000;

/**
 * The attempts that run on this worker. Each ends in exactly one `end`, which is said again on every new link until the
 * orchestrator has acknowledged it.
 */
export class Assignments {
  readonly #replicas: ReplicaSet;
  readonly #background: Background;
  readonly #log: Log;
  readonly #running = new Map<string, { readonly name: AttemptName; readonly abort: AbortController }>();
  readonly #unacknowledged = new Map<string, EndOfAttempt>();
  #session: LinkSession | undefined;
  #isDraining = false;
  #idle: (() => void)[] = [];

  constructor(deps: { readonly replicas: ReplicaSet; readonly background: Background; readonly log: Log }) {
    this.#replicas = deps.replicas;
    this.#background = deps.background;
    this.#log = deps.log;
  }

  running(): AttemptName[] {
    return [...this.#running.values()].map(({ name }) => name);
  }

  /** A new link: what was not acknowledged is said again. */
  attach(session: LinkSession): void {
    this.#session = session;
    for (const end of this.#unacknowledged.values()) session.send(end);
  }

  /** The link is gone; the orchestrator has given its attempts up, so going on would be for nobody. */
  detach(): void {
    this.#session = undefined;
    for (const { abort } of this.#running.values()) abort.abort();
  }

  assign(assignment: Assignment): void {
    const key = attemptKey(assignment);
    if (this.#running.has(key)) return;
    if (this.#isDraining) {
      this.#end(assignment, { kind: "failed", ...leaving });
      return;
    }
    const abort = new AbortController();
    this.#running.set(key, { name: { attemptId: assignment.attemptId, epoch: assignment.epoch }, abort });
    this.#background.run("attempt", async () => {
      const result = await this.#run(assignment, abort.signal);
      this.#running.delete(key);
      this.#end(assignment, result);
      if (this.#running.size === 0) for (const wake of this.#idle.splice(0)) wake();
    });
  }

  cancel(name: AttemptName): void {
    this.#running.get(attemptKey(name))?.abort.abort();
  }

  acknowledged(name: AttemptName): void {
    this.#unacknowledged.delete(attemptKey(name));
  }

  /** Takes no more; resolves when what runs has ended, or been cut off after `graceMs`. */
  async drain(graceMs: number): Promise<void> {
    this.#isDraining = true;
    if (this.#running.size === 0) return;
    await new Promise<void>((resolve) => {
      const cutOff = setTimeout(() => {
        for (const { abort } of this.#running.values()) abort.abort(leaving);
      }, graceMs);
      this.#idle.push(() => {
        clearTimeout(cutOff);
        resolve();
      });
    });
  }

  async #run(assignment: Assignment, signal: AbortSignal): Promise<AttemptResult> {
    const { attemptId, epoch, replicaId, request } = assignment;
    const keeper = this.#replicas.get(replicaId);
    if (keeper === undefined) {
      return { kind: "failed", code: "not_ready", message: `This worker has no replica "${replicaId}".` };
    }
    try {
      let sequence = 0;
      for await (const event of keeper.infer(request, signal)) {
        if (event.kind === "end") {
          return { ...event, kind: "finished" };
        }
        const session = this.#session;
        const hasRoom = session?.send({ kind: "output", attemptId, epoch, sequence, delta: event });
        sequence += 1;
        if (hasRoom === false) await session?.writable();
      }
      return { kind: "failed", code: "engine_failed", message: "The engine gave no end." };
    } catch (error) {
      const failure = MusterError.from(error, "engine_failed");
      if (signal.reason === leaving) return { kind: "failed", ...leaving };
      if (signal.aborted || failure.code === "cancelled") return { kind: "cancelled" };
      this.#log.warn({ attemptId, epoch, code: failure.code }, "attempt failed");
      return { kind: "failed", code: failure.code, message: failure.message, param: failure.param };
    }
  }

  #end({ attemptId, epoch }: AttemptName, result: AttemptResult): void {
    const end: EndOfAttempt = { kind: "end", attemptId, epoch, result };
    this.#unacknowledged.set(attemptKey(end), end);
    const [oldest] = this.#unacknowledged.keys();
    if (this.#unacknowledged.size > maxUnacknowledged && oldest !== undefined)
      this.#unacknowledged.delete(oldest);
    this.#session?.send(end);
  }
}
