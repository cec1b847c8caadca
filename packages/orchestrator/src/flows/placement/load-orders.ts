import type { Clock } from "@muster/base";
import type { LoadAction } from "../../core/placement/fleet-state.ts";
import type { ReplicaLook, WorkerLook } from "../fleet-entries.ts";

/** A worker that has not reported a replica by then never will. */
const silenceMs = 20_000;
/** What could not be loaded is not tried there again for so long, doubled each time. */
const failedMs = { first: 60_000, longest: 3_600_000 };
/** The same for what answered wrongly: the machine, its driver or its file would have to be put right. */
const wrongMs = { first: 10 * 60_000, longest: 24 * 3_600_000 };
/** Crashes in a row after which a replica counts as one that cannot be loaded. */
const maxCrashes = 3;
/** One that has served so long was sound: what went wrong before is over. */
const soundMs = 10 * 60_000;
/** A replica that could not be judged for so long is not waited for. */
const doubtMs = 5 * 60_000;
/** Characters of what a worker said. */
const shownFailure = 300;
/** Of one worker. */
const maxFailures = 256;
/** With failures, of workers that are gone: a name can be had for nothing. */
const maxAbsent = 1_024;
const noOrders: readonly LoadOrder[] = [];
const noFailures: ReadonlyMap<string, number> = new Map();

export interface LoadOrder {
  readonly workerId: string;
  readonly replicaId: string;
  readonly model: string;
  readonly variant: string;
  /** Undefined: it was placed before our time, by us or by another orchestrator. */
  readonly action: LoadAction | undefined;
  readonly orderedAtMs: number;
  /** The worker has reported it. */
  isSeen: boolean;
  isUnloading: boolean;
  crashes: number;
  crashedAtMs: number;
  hasCrashed: boolean;
  /** Since when it gives work; undefined: it does not. */
  servesSinceMs: number | undefined;
  /** Since when it is held back. */
  heldBackSinceMs: number | undefined;
  isDoubted: boolean;
  lastUsedAtMs: number;
  /** What its worker said when it could not load it. */
  failure: string | undefined;
}

interface Failure {
  times: number;
  untilMs: number;
  readonly because: string | undefined;
}

/** A replica that its owner has chosen. */
interface OwnersReplica {
  readonly sinceMs: number;
  lastUsedAtMs: number;
}

interface WorkerBook {
  readonly orders: Map<string, LoadOrder>;
  readonly owners: Map<string, OwnersReplica>;
  /** By `model/variant`. */
  readonly failures: Map<string, Failure>;
}

/** What was ordered of workers and has not ended, and what could not be carried out. All times are monotonic. */
export class LoadOrders {
  readonly #clock: Clock;
  /** Replicas have names of their own on each worker only. */
  readonly #books = new Map<string, WorkerBook>();

  constructor(deps: { readonly clock: Clock }) {
    this.#clock = deps.clock;
  }

  get(workerId: string, replicaId: string): LoadOrder | undefined {
    return this.#books.get(workerId)?.orders.get(replicaId);
  }

  of(workerId: string): Iterable<LoadOrder> {
    return this.#books.get(workerId)?.orders.values() ?? noOrders;
  }

  ordered(replicaId: string, action: LoadAction): void {
    const { workerId, model, variant } = action;
    const order = this.#newOrder({ workerId, replicaId, model, variant: variant.id, action });
    this.#bookOf(workerId).orders.set(replicaId, order);
  }

  unloading(workerId: string, replicaId: string): void {
    const order = this.get(workerId, replicaId);
    if (order !== undefined) order.isUnloading = true;
  }

  isUnloading(workerId: string, replicaId: string): boolean {
    return this.get(workerId, replicaId)?.isUnloading ?? false;
  }

  /** Since when a replica is there, and when it was used last, as far as we have seen. */
  times(workerId: string, replicaId: string): { readonly sinceMs: number; readonly lastUsedAtMs: number } {
    const book = this.#books.get(workerId);
    const order = book?.orders.get(replicaId);
    if (order !== undefined) return { sinceMs: order.orderedAtMs, lastUsedAtMs: order.lastUsedAtMs };
    const nowMs = this.#clock.nowMs();
    return book?.owners.get(replicaId) ?? { sinceMs: nowMs, lastUsedAtMs: nowMs };
  }

  /** `model/variant` with the time until which it is not tried again, of one worker. */
  failed(workerId: string): ReadonlyMap<string, number> {
    const failures = this.#books.get(workerId)?.failures;
    if (failures === undefined || failures.size === 0) return noFailures;
    return new Map([...failures].map(([key, { untilMs }]) => [key, untilMs]));
  }

  /** Why, for those of `failed` of which the worker said it. */
  failedBecause(workerId: string): ReadonlyMap<string, string> | undefined {
    const failures = this.#books.get(workerId)?.failures;
    if (failures === undefined || failures.size === 0) return undefined;
    const said = new Map<string, string>();
    for (const [key, { because }] of failures) if (because !== undefined) said.set(key, because);
    return said;
  }

  /**
   * Looks at what workers report now. Gives the replicas that we have ordered and that have failed, or crash again and
   * again: they are to be taken away, since a worker goes on trying.
   */
  look(workers: Iterable<WorkerLook>): LoadOrder[] {
    const given: LoadOrder[] = [];
    const present = new Set<string>();
    for (const worker of workers) {
      present.add(worker.identity.id);
      this.#lookAt(worker, given);
    }
    for (const [workerId, book] of this.#books) if (!present.has(workerId)) this.#left(workerId, book);
    return given;
  }

  /** Slots of replicas that are ordered and of which their workers have yet to speak, by model. */
  orderedSlots(): ReadonlyMap<string, number> {
    const slots = new Map<string, number>();
    for (const { orders } of this.#books.values())
      for (const { model, action, isSeen, isUnloading } of orders.values())
        if (action !== undefined && !isSeen && !isUnloading)
          slots.set(model, action.slots + (slots.get(model) ?? 0));
    return slots;
  }

  /** It has served for long. */
  isSound({ servesSinceMs }: LoadOrder): boolean {
    return servesSinceMs !== undefined && this.#clock.nowMs() - servesSinceMs >= soundMs;
  }

  failedToLoad(order: LoadOrder): void {
    this.#failed(order, failedMs);
  }

  #lookAt(worker: WorkerLook, given: LoadOrder[]): void {
    const nowMs = this.#clock.nowMs();
    const workerId = worker.identity.id;
    const book = this.#bookOf(workerId);
    for (const [replicaId, replica] of worker.replicas) {
      const order = book.orders.get(replicaId) ?? this.#adopted(workerId, replica);
      if (order !== undefined) {
        book.orders.set(replicaId, order);
        if (this.#note(order, replica)) given.push(order);
        continue;
      }
      const owners = book.owners.get(replicaId) ?? { sinceMs: nowMs, lastUsedAtMs: nowMs };
      if (replica.slotsUsed > 0) owners.lastUsedAtMs = nowMs;
      book.owners.set(replicaId, owners);
    }
    for (const order of book.orders.values()) {
      if (worker.replicas.has(order.replicaId)) continue;
      // One that was reported and is gone has been unloaded.
      if (order.isSeen) book.orders.delete(order.replicaId);
      else if (nowMs - order.orderedAtMs > silenceMs) {
        book.orders.delete(order.replicaId);
        this.failedToLoad(order);
      }
    }
    for (const id of book.owners.keys()) if (!worker.replicas.has(id)) book.owners.delete(id);
  }

  /** What was placed on a worker before a link broke, or before a restart, is ours to move as before. */
  #adopted(workerId: string, { report }: ReplicaLook): LoadOrder | undefined {
    const { id, model, variant, isFixed } = report;
    if (isFixed || variant === undefined) return undefined;
    return this.#newOrder({ workerId, replicaId: id, model, variant, action: undefined });
  }

  /** Notes how a replica is now; true where it is to be taken away. */
  #note(order: LoadOrder, { report, slotsUsed, heldBack }: ReplicaLook): boolean {
    const { state } = report;
    const nowMs = this.#clock.nowMs();
    order.isSeen = true;
    order.failure = report.failure?.message.slice(0, shownFailure) ?? order.failure;
    if (slotsUsed > 0) order.lastUsedAtMs = nowMs;
    if (nowMs - order.crashedAtMs > soundMs) order.crashes = 0;
    if (state === "crashed" && !order.hasCrashed) {
      order.crashes += 1;
      order.crashedAtMs = nowMs;
    }
    order.hasCrashed = state === "crashed";
    order.servesSinceMs =
      state === "ready" && heldBack === undefined ? (order.servesSinceMs ?? nowMs) : undefined;
    order.heldBackSinceMs =
      state === "ready" && heldBack !== undefined ? (order.heldBackSinceMs ?? nowMs) : undefined;
    if (this.isSound(order)) this.#succeeded(order);
    this.#noteDoubt(order, heldBack?.isWrong ?? false);
    if (order.isUnloading) return false;
    return state === "failed" || (state !== "ready" && order.crashes >= maxCrashes);
  }

  /** Loading the same again at the same place would most likely end as it did now. */
  #noteDoubt(order: LoadOrder, isQuarantined: boolean): void {
    const { heldBackSinceMs, isUnloading } = order;
    if (heldBackSinceMs === undefined) order.isDoubted = false;
    else if (!order.isDoubted && !isUnloading) {
      const isTooLong = this.#clock.nowMs() - heldBackSinceMs >= doubtMs;
      if (!isQuarantined && !isTooLong) return;
      order.isDoubted = true;
      this.#failed(order, wrongMs);
    }
  }

  /** Its worker has left, or its link is broken: what it still has it says when it is back. */
  #left(workerId: string, book: WorkerBook): void {
    const nowMs = this.#clock.nowMs();
    book.orders.clear();
    book.owners.clear();
    for (const [key, { untilMs }] of book.failures)
      if (nowMs - untilMs > wrongMs.longest) book.failures.delete(key);
    if (book.failures.size === 0) this.#books.delete(workerId);
    else if (this.#books.size > maxAbsent) {
      const [oldest] = this.#books;
      if (oldest?.[1] === book) this.#books.delete(workerId);
    }
  }

  #failed(
    { workerId, model, variant, failure: because }: LoadOrder,
    pauses: { readonly first: number; readonly longest: number },
  ) {
    const { failures } = this.#bookOf(workerId);
    const key = `${model}/${variant}`;
    const times = (failures.get(key)?.times ?? 0) + 1;
    const waitMs = Math.min(pauses.longest, pauses.first * 2 ** (times - 1));
    failures.delete(key);
    failures.set(key, { times, untilMs: this.#clock.nowMs() + waitMs, because });
    const [oldest] = failures.keys();
    if (failures.size > maxFailures && oldest !== undefined) failures.delete(oldest);
  }

  #succeeded({ workerId, model, variant }: LoadOrder): void {
    this.#books.get(workerId)?.failures.delete(`${model}/${variant}`);
  }

  #bookOf(workerId: string): WorkerBook {
    const book = this.#books.get(workerId) ?? { orders: new Map(), owners: new Map(), failures: new Map() };
    this.#books.set(workerId, book);
    return book;
  }

  #newOrder(of: Pick<LoadOrder, "workerId" | "replicaId" | "model" | "variant" | "action">): LoadOrder {
    const nowMs = this.#clock.nowMs();
    return {
      ...of,
      orderedAtMs: nowMs,
      isSeen: false,
      isUnloading: false,
      crashes: 0,
      crashedAtMs: nowMs,
      hasCrashed: false,
      servesSinceMs: undefined,
      heldBackSinceMs: undefined,
      isDoubted: false,
      failure: undefined,
      lastUsedAtMs: nowMs,
    };
  }
}
