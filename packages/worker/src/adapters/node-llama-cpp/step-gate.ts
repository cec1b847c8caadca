import { type Deferred, deferred } from "@muster/base";

/**
 * Lets one task change the cache between two steps. The library holds its context lock for as long as any sequence
 * has queued tokens, which with several busy sequences is for ever; so the loops stop at this gate for a moment.
 */
export class StepGate {
  #waitingTasks = 0;
  #closed: Deferred<void> | undefined;
  #turn: Promise<void> = Promise.resolve();

  get isClosed(): boolean {
    return this.#closed !== undefined;
  }

  /** Every loop passes here before it queues more tokens. Undefined when open: nothing to await. */
  pass(): Promise<void> | undefined {
    return this.#closed?.promise;
  }

  /** Runs `task` while no loop queues tokens; tasks run one after another. */
  async exclusively(task: () => Promise<void>): Promise<void> {
    this.#waitingTasks += 1;
    this.#closed ??= deferred<void>();
    const before = this.#turn;
    const own = deferred<void>();
    this.#turn = own.promise;
    try {
      await before;
      await task();
    } finally {
      own.resolve();
      this.#waitingTasks -= 1;
      if (this.#waitingTasks === 0) {
        this.#closed.resolve();
        this.#closed = undefined;
      }
    }
  }
}
