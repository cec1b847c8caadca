import type { LaneClass } from "../core/lane.ts";
import type { Wanted } from "../core/scheduling/choose-replica.ts";

export interface SlotWaiter<T> extends Wanted {
  readonly laneClass: LaneClass;
  readonly arrivedAtMs: number;
  /** It is of no use to anybody after that; both in monotonic time. */
  readonly deadlineAtMs?: number | undefined;
  readonly grant: (slot: T) => void;
}

/** A deadline that is near moves its request ahead of others of its class, but of none that came so much earlier. */
const mostAheadMs: Readonly<Record<LaneClass, number>> = { interactive: 10_000, batch: 60_000 };

/** Who waits for a slot of one model: interactive before batch, by when each is due within its class. */
export class SlotWaiters<W extends SlotWaiter<T>, T> {
  readonly #queues: Record<LaneClass, ClassQueue<W>> = {
    interactive: new ClassQueue(),
    batch: new ClassQueue(),
  };

  get size(): number {
    return this.#queues.interactive.size + this.#queues.batch.size;
  }

  get interactive(): Iterable<W> {
    return this.#queues.interactive;
  }

  add(waiter: W): void {
    this.#queues[waiter.laneClass].add(waiter);
  }

  remove(waiter: W): void {
    this.#queues[waiter.laneClass].remove(waiter);
  }

  /** Offers slots in order of turn; `take` may have none for one waiter and one for the next. */
  serve(slots: { readonly areLeft: () => boolean; readonly take: (waiter: W) => T | undefined }): void {
    for (const queue of [this.#queues.interactive, this.#queues.batch]) {
      for (const waiter of queue) {
        if (!slots.areLeft()) return;
        const slot = slots.take(waiter);
        if (slot === undefined) continue;
        queue.remove(waiter);
        waiter.grant(slot);
      }
    }
  }
}

/** Those without a deadline are due in the order that they came in; the few that have one are put between them. */
class ClassQueue<W extends SlotWaiter<never>> {
  readonly #undated = new Set<W>();
  #dated: readonly W[] = [];

  get size(): number {
    return this.#undated.size + this.#dated.length;
  }

  add(waiter: W): void {
    if (waiter.deadlineAtMs === undefined) {
      this.#undated.add(waiter);
      return;
    }
    const before = this.#dated.filter((other) => dueMs(other) <= dueMs(waiter));
    this.#dated = [...before, waiter, ...this.#dated.filter((other) => dueMs(other) > dueMs(waiter))];
  }

  remove(waiter: W): void {
    if (!this.#undated.delete(waiter)) this.#dated = this.#dated.filter((other) => other !== waiter);
  }

  *[Symbol.iterator](): Iterator<W> {
    let at = 0;
    const dated = this.#dated;
    for (const waiter of this.#undated) {
      for (let next = dated[at]; next !== undefined && dueMs(next) < dueMs(waiter); next = dated[at]) {
        at += 1;
        yield next;
      }
      yield waiter;
    }
    yield* dated.slice(at);
  }
}

function dueMs({ laneClass, arrivedAtMs, deadlineAtMs }: SlotWaiter<never>): number {
  return Math.min(deadlineAtMs ?? Number.POSITIVE_INFINITY, arrivedAtMs + mostAheadMs[laneClass]);
}
