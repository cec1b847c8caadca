import { MusterError } from "@muster/base";
import type { LaneClass } from "../core/lane.ts";
import { chooseReplica, hasFreeSlot, type Wanted } from "../core/scheduling/choose-replica.ts";
import { chooseVictims } from "../core/scheduling/choose-victims.ts";
import type { WorkerLink } from "../ports/worker-link.ts";
import { type ReplicaEntry, SlotHold, type WorkerEntry } from "./fleet-entries.ts";
import { type SlotWaiter, SlotWaiters } from "./slot-waiters.ts";

/** A slot that an attempt holds on a worker. */
export interface HeldSlot {
  readonly workerId: string;
  readonly link: WorkerLink;
  /** Gives the slot back; a second call does nothing. `tokensPerSecond` is what the attempt measured. */
  release(tokensPerSecond?: number): void;
}

/** One slot of one replica, held for one attempt. */
export interface SlotLease extends HeldSlot {
  readonly workerName: string;
  readonly replicaId: string;
  readonly model: string;
  readonly laneClass: LaneClass;
  /** What its holder does when it is asked to give the slot back. */
  readonly onPreempt: (() => void) | undefined;
}

export interface SlotWish extends Wanted {
  readonly laneClass: LaneClass;
  readonly signal: AbortSignal;
  /** Called once at most, when an interactive request needs the slot: the holder stops and gives it back. */
  readonly onPreempt?: (() => void) | undefined;
}

interface Waiter extends SlotWaiter<SlotLease> {
  readonly onPreempt: (() => void) | undefined;
}

/** Gives out the slots of the fleet, model by model, and asks batch work for them back where people wait. */
export class SlotDesk {
  readonly #replicasOf: (model: string) => readonly ReplicaEntry[];
  readonly #waiters = new Map<string, SlotWaiters<Waiter, SlotLease>>();
  #taken = 0;

  constructor(replicasOf: (model: string) => readonly ReplicaEntry[]) {
    this.#replicasOf = replicasOf;
  }

  /** Gives a slot as soon as one is free; rejects with `cancelled` when `signal` fires first. */
  acquire(model: string, { signal, onPreempt, ...wanted }: SlotWish): Promise<SlotLease> {
    if (signal.aborted) return Promise.reject(waitEnded());
    const waiters = this.#waiters.get(model) ?? new SlotWaiters<Waiter, SlotLease>();
    this.#waiters.set(model, waiters);
    return new Promise((resolve, reject) => {
      const waiter: Waiter = {
        ...wanted,
        onPreempt: wanted.laneClass === "batch" ? onPreempt : undefined,
        grant: (lease) => {
          signal.removeEventListener("abort", leave);
          resolve(lease);
        },
      };
      const leave = () => {
        waiters.remove(waiter);
        reject(waitEnded());
      };
      signal.addEventListener("abort", leave, { once: true });
      waiters.add(waiter);
      this.serve(model);
    });
  }

  /** Counts a slot as taken that an attempt holds since an earlier link of the worker. */
  adopt(
    held: { readonly worker: WorkerEntry; readonly link: WorkerLink; readonly replicaId: string },
    onPreempt: () => void,
  ): HeldSlot {
    const { worker, link, replicaId } = held;
    const hold = new SlotHold(++this.#taken, onPreempt);
    const taken =
      worker.replicas.get(replicaId)?.taken ?? worker.heldBefore.get(replicaId) ?? new Set<SlotHold>();
    if (!worker.replicas.has(replicaId)) worker.heldBefore.set(replicaId, taken);
    taken.add(hold);
    return {
      workerId: worker.identity.id,
      link,
      release: (tokensPerSecond) => {
        if (!taken.delete(hold)) return;
        const replica = worker.replicas.get(replicaId);
        if (replica === undefined) return;
        if (tokensPerSecond !== undefined) replica.measured(tokensPerSecond);
        this.serve(replica.report.model);
      },
    };
  }

  /** The slots of a model have changed: those who wait get what is free. */
  serve(model: string): void {
    const waiters = this.#waiters.get(model);
    if (waiters === undefined) return;
    const replicas = this.#replicasOf(model);
    waiters.serve({
      areLeft: () => replicas.some((replica) => replica.isAccepting && hasFreeSlot(replica)),
      take: (waiter) => this.#take(model, replicas, waiter),
    });
    if (waiters.size === 0) this.#waiters.delete(model);
    const { interactive } = waiters;
    if (interactive.size === 0) return;
    for (const hold of chooseVictims(replicas, [...interactive])) hold.askBack();
  }

  #take(model: string, replicas: readonly ReplicaEntry[], waiter: Waiter): SlotLease | undefined {
    const choice = chooseReplica(replicas, waiter);
    if (choice.kind === "wait") return undefined;
    const { replica } = choice;
    const { link, identity } = replica.worker;
    if (link === undefined) return undefined;
    const hold = new SlotHold(++this.#taken, waiter.onPreempt);
    replica.taken.add(hold);
    if (waiter.prefix) replica.warmed(waiter.prefix);
    return {
      workerId: identity.id,
      workerName: identity.name,
      replicaId: replica.replicaId,
      model,
      link,
      laneClass: waiter.laneClass,
      onPreempt: waiter.onPreempt,
      release: (tokensPerSecond) => {
        if (!replica.taken.delete(hold)) return;
        if (tokensPerSecond !== undefined) replica.measured(tokensPerSecond);
        this.serve(model);
      },
    };
  }
}

function waitEnded(): MusterError {
  return new MusterError("cancelled", "The request was cancelled while it waited for a slot.");
}
