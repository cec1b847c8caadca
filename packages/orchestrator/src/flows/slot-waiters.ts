import type { LaneClass } from "../core/lane.ts";
import type { Wanted } from "../core/scheduling/choose-replica.ts";

export interface SlotWaiter<T> extends Wanted {
  readonly laneClass: LaneClass;
  readonly grant: (slot: T) => void;
}

/** Who waits for a slot of one model: interactive before batch, first come first served within each. */
export class SlotWaiters<W extends SlotWaiter<T>, T> {
  readonly #queues: Record<LaneClass, Set<W>> = { interactive: new Set(), batch: new Set() };

  get size(): number {
    return this.#queues.interactive.size + this.#queues.batch.size;
  }

  get interactive(): ReadonlySet<W> {
    return this.#queues.interactive;
  }

  add(waiter: W): void {
    this.#queues[waiter.laneClass].add(waiter);
  }

  remove(waiter: W): void {
    this.#queues[waiter.laneClass].delete(waiter);
  }

  /** Offers slots in order of turn; `take` may have none for one waiter and one for the next. */
  serve(slots: { readonly areLeft: () => boolean; readonly take: (waiter: W) => T | undefined }): void {
    for (const queue of [this.#queues.interactive, this.#queues.batch]) {
      for (const waiter of queue) {
        if (!slots.areLeft()) return;
        const slot = slots.take(waiter);
        if (slot === undefined) continue;
        queue.delete(waiter);
        waiter.grant(slot);
      }
    }
  }
}
