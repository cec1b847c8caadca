import type { Clock } from "@muster/base";
import type { LoadAction } from "../../core/placement/fleet-state.ts";
import type { WorkerLook } from "../fleet-entries.ts";

/** A worker that has not reported a replica by then never will. */
const silenceMs = 20_000;
/** What could not be loaded is not tried there again for so long, doubled each time. */
const failedMs = { first: 60_000, longest: 3_600_000 };
/** Crashes in a row after which a replica counts as one that cannot be loaded. */
const maxCrashes = 3;
/** Workers whose failures are remembered. */
const maxFailing = 10_000;
const noOrders: readonly LoadOrder[] = [];
const noFailures: ReadonlyMap<string, number> = new Map();

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
  /** By worker; those that have an order are few. */
  readonly #byWorker = new Map<string, Set<LoadOrder>>();
  /** By worker, then `model/variant`. */
  readonly #failures = new Map<string, Map<string, Failure>>();
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

  of(workerId: string): Iterable<LoadOrder> {
    return this.#byWorker.get(workerId) ?? noOrders;
  }

  ordered(replicaId: string, action: LoadAction): void {
    const nowMs = this.#clock.nowMs();
    this.#add({
      workerId: action.workerId,
      replicaId,
      action,
      orderedAtMs: nowMs,
      isSeen: false,
      isUnloading: false,
      crashes: 0,
      hasCrashed: false,
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
    const failures = this.#failures.get(workerId);
    if (failures === undefined) return noFailures;
    return new Map([...failures].map(([key, { untilMs }]) => [key, untilMs]));
  }

  /**
   * Looks at what workers report now. Gives the replicas that we have ordered and that have failed, or crash again and
   * again: they are to be taken away, since a worker goes on trying.
   */
  look(workers: Iterable<WorkerLook>): LoadOrder[] {
    const nowMs = this.#clock.nowMs();
    const given: LoadOrder[] = [];
    const seen = new Set<string>();
    for (const worker of workers) {
      for (const { report, slotsUsed } of worker.replicas.values()) {
        const { id, state } = report;
        seen.add(id);
        const order = this.#orders.get(id);
        if (order === undefined) {
          const other = this.#others.get(id) ?? { sinceMs: nowMs, lastUsedAtMs: nowMs, isUnloading: false };
          if (slotsUsed > 0) other.lastUsedAtMs = nowMs;
          this.#others.set(id, other);
          continue;
        }
        order.isSeen = true;
        if (slotsUsed > 0) order.lastUsedAtMs = nowMs;
        if (state === "crashed" && !order.hasCrashed) order.crashes += 1;
        order.hasCrashed = state === "crashed";
        if (state === "ready") this.#succeeded(order);
        else if (!order.isUnloading && (state === "failed" || order.crashes >= maxCrashes)) given.push(order);
      }
    }
    for (const order of this.#orders.values()) {
      if (seen.has(order.replicaId)) continue;
      // One that was reported and is gone has been unloaded; its worker may have left with it.
      if (order.isSeen) this.#remove(order);
      else if (nowMs - order.orderedAtMs > silenceMs) {
        this.#remove(order);
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

  failedToLoad({ workerId, action }: Pick<LoadOrder, "workerId" | "action">): void {
    const failures = this.#failures.get(workerId) ?? new Map<string, Failure>();
    const key = keyOf(action);
    const times = (failures.get(key)?.times ?? 0) + 1;
    const waitMs = Math.min(failedMs.longest, failedMs.first * 2 ** (times - 1));
    failures.set(key, { times, untilMs: this.#clock.nowMs() + waitMs });
    // The worker that failed last is the last to be forgotten.
    this.#failures.delete(workerId);
    this.#failures.set(workerId, failures);
    const [oldest] = this.#failures.keys();
    if (this.#failures.size > maxFailing && oldest !== undefined) this.#failures.delete(oldest);
  }

  #succeeded({ workerId, action }: LoadOrder): void {
    this.#failures.get(workerId)?.delete(keyOf(action));
  }

  #add(order: LoadOrder): void {
    this.#orders.set(order.replicaId, order);
    const others = this.#byWorker.get(order.workerId) ?? new Set();
    this.#byWorker.set(order.workerId, others.add(order));
  }

  #remove(order: LoadOrder): void {
    this.#orders.delete(order.replicaId);
    const others = this.#byWorker.get(order.workerId);
    others?.delete(order);
    if (others?.size === 0) this.#byWorker.delete(order.workerId);
  }
}

function keyOf({ model, variant }: LoadAction): string {
  return `${model}/${variant.id}`;
}
