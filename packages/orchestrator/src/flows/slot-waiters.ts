import type { LaneClass } from "../core/lane.ts";
import type { Wanted } from "../core/scheduling/choose-replica.ts";

export interface SlotWaiter<T> extends Wanted {
  readonly laneClass: LaneClass;
  readonly grant: (slot: T) => void;
}

/** Who waits for a slot of one model: interactive before batch, first come first served within each. */
export class SlotWaiters<T> {
  readonly #queues: Record<LaneClass, Set<SlotWaiter<T>>> = { interactive: new Set(), batch: new Set() };

  get size(): number {
    return this.#queues.interactive.size + this.#queues.batch.size;
  }

  add(waiter: SlotWaiter<T>): void {
    this.#queues[waiter.laneClass].add(waiter);
  }

  remove(waiter: SlotWaiter<T>): void {
    this.#queues[waiter.laneClass].delete(waiter);
  }

  /** Offers slots in order of turn until `take` has none for any waiter. */
  serve(take: (wanted: Wanted) => T | undefined): void {
    for (const queue of [this.#queues.interactive, this.#queues.batch]) {
      for (const waiter of queue) {
        const slot = take(waiter);
        if (slot === undefined) continue;
        queue.delete(waiter);
        waiter.grant(slot);
      }
    }
  }
}
