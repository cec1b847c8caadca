import { type Background, type Clock, pause } from "@muster/base";
import type { Assignments } from "./assignments.ts";
import type { PutAwayCause, ReplicaSet } from "./replica-set.ts";

/** What people read goes on so long when the owner comes back. */
const ownerGraceMs = 10_000;
/** A program that needs the memory now waits less. */
const memoryGraceMs = 2_000;
/** An engine that does not stop within this is killed. */
const stopMs = 1_500;

/** Gives the machine, or a part of its memory, to whoever has the first claim to it. */
export class GiveWay {
  readonly #deps: {
    readonly assignments: Assignments;
    readonly replicas: ReplicaSet;
    readonly background: Background;
    readonly clock: Clock;
  };
  #turn: AbortController | undefined;

  constructor(deps: {
    readonly assignments: Assignments;
    readonly replicas: ReplicaSet;
    readonly background: Background;
    readonly clock: Clock;
  }) {
    this.#deps = deps;
  }

  /** Lines of batches end at once, what people read after the grace; each replica goes when nothing runs on it. */
  toOwner(reason: string): void {
    if (this.#turn !== undefined) return;
    const { assignments, replicas, background } = this.#deps;
    const turn = new AbortController();
    this.#turn = turn;
    replicas.holdLoads(`The machine is not lent now. ${reason}`);
    assignments.giveBack({ message: `Its machine is not lent any more. ${reason}`, graceMs: ownerGraceMs });
    for (const { spec } of replicas.keepers()) {
      const how = { cause: "owner", graceMs: ownerGraceMs, signal: turn.signal } as const;
      background.run("give way", () => this.#putAway(spec.replicaId, how));
    }
  }

  /** The machine is lent again: what the owner had chosen is loaded, and work is taken. */
  isOver(): void {
    this.#turn?.abort();
    this.#turn = undefined;
    this.#deps.replicas.resumeLoads();
    this.#deps.assignments.takeAgain();
  }

  /** One replica's memory is needed; resolves when it is free. */
  async toOthers(replicaId: string): Promise<void> {
    const { assignments, replicas } = this.#deps;
    const message = "Another program on the worker's machine needs the memory of this replica.";
    replicas.get(replicaId)?.retire();
    assignments.giveBack({ replicaId, message, graceMs: memoryGraceMs });
    const { signal } = new AbortController();
    try {
      await this.#putAway(replicaId, { cause: "memory", graceMs: memoryGraceMs, signal });
    } finally {
      assignments.takeAgain(replicaId);
    }
  }

  async #putAway(
    replicaId: string,
    how: { readonly cause: PutAwayCause; readonly graceMs: number; readonly signal: AbortSignal },
  ): Promise<void> {
    const { assignments, replicas, clock } = this.#deps;
    const limitMs = stopMs + (assignments.isRead(replicaId) ? how.graceMs : 0);
    const waited = new AbortController();
    const isFree = assignments.whenFree(replicaId);
    const limit = pause(clock, limitMs, AbortSignal.any([waited.signal, how.signal]));
    await Promise.race([isFree, limit]);
    waited.abort();
    if (!how.signal.aborted) await replicas.putAway(replicaId, how.cause);
  }
}
