import type { Clock } from "@muster/base";
import type { WorkerView } from "../../core/fleet/worker.ts";
import type { LoadAction } from "../../core/placement/fleet-state.ts";

/** A worker that has not reported a replica by then never will. */
const silenceMs = 20_000;
/** What could not be loaded is not tried there again for so long, doubled each time. */
const failedMs = { first: 60_000, longest: 3_600_000 };
/** Crashes in a row after which a replica counts as one that cannot be loaded. */
const maxCrashes = 3;
const maxFailures = 10_000;
/** One that has been ready for so long has shown that it can be loaded there. */
const provenMs = 10 * 60_000;

export interface LoadOrder {
  readonly workerId: string;
  readonly replicaId: string;
  readonly action: LoadAction;
  readonly orderedAtMs: number;
  /** The worker has reported it. */
  isSeen: boolean;
  isUnloading: boolean;
  crashes: number;
  hasCrashed: boolean;
  readyAtMs: number | undefined;
  lastUsedAtMs: number;
}

interface Failure {
  times: number;
  untilMs: number;
}

/** What was ordered of workers and has not ended, and what could not be carried out. All times are monotonic. */
export class LoadOrders {
  readonly #clock: Clock;
  readonly #orders = new Map<string, LoadOrder>();
  readonly #failures = new Map<string, Failure>();
  /** Replicas that were there before us, or that the owner has chosen: when they were used last. */
  readonly #others = new Map<
    string,
    { readonly sinceMs: number; lastUsedAtMs: number; isUnloading: boolean }
  >();

  constructor(deps: { readonly clock: Clock }) {
    this.#clock = deps.clock;
  }

  get(replicaId: string): LoadOrder | undefined {
    return this.#orders.get(replicaId);
  }

  of(workerId: string): LoadOrder[] {
    return [...this.#orders.values()].filter((order) => order.workerId === workerId);
  }

  ordered(replicaId: string, action: LoadAction): void {
    const nowMs = this.#clock.nowMs();
    this.#orders.set(replicaId, {
      workerId: action.workerId,
      replicaId,
      action,
      orderedAtMs: nowMs,
      isSeen: false,
      isUnloading: false,
      crashes: 0,
      hasCrashed: false,
      readyAtMs: undefined,
      lastUsedAtMs: nowMs,
    });
  }

  unloading(replicaId: string): void {
    const known = this.#orders.get(replicaId) ?? this.#others.get(replicaId);
    if (known !== undefined) known.isUnloading = true;
  }

  isUnloading(replicaId: string): boolean {
    return (this.#orders.get(replicaId) ?? this.#others.get(replicaId))?.isUnloading ?? false;
  }

  /** Since when a replica is there, and when it was used last, as far as we have seen. */
  times(replicaId: string): { readonly sinceMs: number; readonly lastUsedAtMs: number } {
    const order = this.#orders.get(replicaId);
    if (order !== undefined) return { sinceMs: order.orderedAtMs, lastUsedAtMs: order.lastUsedAtMs };
    const nowMs = this.#clock.nowMs();
    return this.#others.get(replicaId) ?? { sinceMs: nowMs, lastUsedAtMs: nowMs };
  }

  /** `model/variant` with the time until which it is not tried again, of one worker. */
  failed(workerId: string): ReadonlyMap<string, number> {
    const prefix = `${workerId} `;
    return new Map(
      [...this.#failures]
        .filter(([key]) => key.startsWith(prefix))
        .map(([key, { untilMs }]) => [key.slice(prefix.length), untilMs]),
    );
  }

  /**
   * Looks at what workers report now. Gives the replicas that we have ordered and that have failed, or crash again and
   * again: they are to be taken away, since a worker goes on trying.
   */
  look(workers: readonly WorkerView[]): LoadOrder[] {
    const nowMs = this.#clock.nowMs();
    const given: LoadOrder[] = [];
    const seen = new Set<string>();
    for (const worker of workers) {
      if (worker.state === "lost") continue;
      for (const { id, state, slotsUsed } of worker.replicas) {
        seen.add(id);
        const order = this.#orders.get(id);
        // An id that another worker was given says nothing here.
        if (order?.workerId !== worker.id) {
          const other = this.#others.get(id) ?? { sinceMs: nowMs, lastUsedAtMs: nowMs, isUnloading: false };
          if (slotsUsed > 0) other.lastUsedAtMs = nowMs;
          this.#others.set(id, other);
          continue;
        }
        order.isSeen = true;
        if (slotsUsed > 0) order.lastUsedAtMs = nowMs;
        if (state === "crashed" && !order.hasCrashed) order.crashes += 1;
        order.hasCrashed = state === "crashed";
        if (state === "ready") {
          order.readyAtMs ??= nowMs;
          if (this.isProven(order)) this.#succeeded(order);
        } else if (!order.isUnloading && (state === "failed" || order.crashes >= maxCrashes))
          given.push(order);
      }
    }
    for (const order of this.#orders.values()) {
      if (seen.has(order.replicaId)) continue;
      // One that was reported and is gone has been unloaded; its worker may have left with it.
      if (order.isSeen) this.#orders.delete(order.replicaId);
      else if (nowMs - order.orderedAtMs > silenceMs) {
        this.#orders.delete(order.replicaId);
        this.failedToLoad(order);
      }
    }
    for (const id of this.#others.keys()) if (!seen.has(id)) this.#others.delete(id);
    return given;
  }

  /** Whether a replica of the model is under way somewhere. */
  isOrdered(model: string): boolean {
    for (const { action, isUnloading } of this.#orders.values())
      if (action.model === model && !isUnloading) return true;
    return false;
  }

  /** It has been ready for long. */
  isProven({ readyAtMs }: LoadOrder): boolean {
    return readyAtMs !== undefined && this.#clock.nowMs() - readyAtMs >= provenMs;
  }

  failedToLoad({ workerId, action }: Pick<LoadOrder, "workerId" | "action">): void {
    const key = keyOf(workerId, action);
    const times = (this.#failures.get(key)?.times ?? 0) + 1;
    const waitMs = Math.min(failedMs.longest, failedMs.first * 2 ** (times - 1));
    this.#failures.delete(key);
    this.#failures.set(key, { times, untilMs: this.#clock.nowMs() + waitMs });
    const [oldest] = this.#failures.keys();
    if (this.#failures.size > maxFailures && oldest !== undefined) this.#failures.delete(oldest);
  }

  #succeeded({ workerId, action }: LoadOrder): void {
    this.#failures.delete(keyOf(workerId, action));
  }
}

function keyOf(workerId: string, { model, variant }: LoadAction): string {
  return `${workerId} ${model}/${variant.id}`;
}
