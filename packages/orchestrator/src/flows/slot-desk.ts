import { type Capability, type Clock, MusterError } from "@muster/base";
import { chooseReplica, hasFreeSlot, type Wanted } from "../core/scheduling/choose-replica.ts";
import { chooseVictims } from "../core/scheduling/choose-victims.ts";
import { FastSlots } from "../core/scheduling/fast-slots.ts";
import type { WorkerLink } from "../ports/worker-link.ts";
import { AnswerLengths } from "./answer-lengths.ts";
import { type ReplicaEntry, SlotHold, type WorkerEntry } from "./fleet-entries.ts";
import type { SlotOutcome } from "./replica-health.ts";
import { expectedOf, type HeldSlot, type SlotLease, type SlotWish } from "./slot-lease.ts";
import { type SlotWaiter, SlotWaiters } from "./slot-waiters.ts";

export type { HeldSlot, SlotLease, SlotWish } from "./slot-lease.ts";

interface Waiter extends SlotWaiter<SlotLease> {
  readonly maxTokens: number | undefined;
  readonly onPreempt: (() => void) | undefined;
  /** Set once it has left a free slot to others, since a faster replica should have it done sooner. */
  patientUntilMs: number | undefined;
}

/** What waits for the slots of one model. */
interface ModelDesk {
  readonly waiters: SlotWaiters<Waiter, SlotLease>;
  /** Those who wait by choice. */
  patient: ReadonlySet<Waiter>;
  stopTimer: () => void;
}

/** One waiter's look at what is free. */
interface Turn {
  readonly waiter: Waiter;
  /** Whether it leaves alone what is free, where that would take `expectedMs`. */
  readonly waitsFor: (waiter: Waiter, expectedMs: number) => boolean;
  readonly nowMs: number;
}

/** More do not wait by choice: each is looked at again with every slot of the model that comes back. */
const maxPatient = 64;

interface SlotDeskDeps {
  readonly replicasOf: (model: string) => readonly ReplicaEntry[];
  readonly clock: Clock;
  /** 0 to 1, for jitter. */
  readonly random: () => number;
  /** Others wait by choice than did before. */
  readonly onPatience: (model: string) => void;
  /** A replica of the model was ejected, or let back in. */
  readonly onBreaker: (replica: ReplicaEntry) => void;
}

/** Gives out the slots of the fleet, model by model, and asks batch work for them back where people wait. */
export class SlotDesk {
  readonly #deps: SlotDeskDeps;
  readonly #desks = new Map<string, ModelDesk>();
  readonly #lengths = new AnswerLengths();
  #taken = 0;

  constructor(deps: SlotDeskDeps) {
    this.#deps = deps;
  }

  /** How many wait by choice: they leave a slot free, which is somebody else's. */
  patient(model: string): number {
    return this.#desks.get(model)?.patient.size ?? 0;
  }

  /**
   * Gives a slot as soon as one is free; rejects with `cancelled` when `signal` fires first, and with
   * `deadline_exceeded` when there is no time left.
   */
  acquire(model: string, { signal, onPreempt, maxTokens, ...wanted }: SlotWish): Promise<SlotLease> {
    const { clock } = this.#deps;
    if (signal.aborted) return Promise.reject(waitEnded());
    const nowMs = clock.nowMs();
    const { deadlineAtMs } = wanted;
    if (deadlineAtMs !== undefined && deadlineAtMs <= nowMs) return Promise.reject(tooLate());
    const desk = this.#deskOf(model);
    return new Promise((resolve, reject) => {
      const leave = (why: MusterError) => {
        stop();
        desk.waiters.remove(waiter);
        // Others may have waited for what it was to get.
        if (desk.patient.size > 0) this.serve(model);
        reject(why);
      };
      const onAbort = () => leave(waitEnded());
      const stopDeadline =
        deadlineAtMs === undefined ? () => {} : clock.after(deadlineAtMs - nowMs, () => leave(tooLate()));
      const stop = () => {
        stopDeadline();
        signal.removeEventListener("abort", onAbort);
      };
      const waiter: Waiter = {
        ...wanted,
        maxTokens,
        answerTokens: this.#lengths.expected(model, maxTokens),
        arrivedAtMs: nowMs,
        onPreempt: wanted.laneClass === "batch" ? onPreempt : undefined,
        patientUntilMs: undefined,
        grant: (lease) => {
          stop();
          resolve(lease);
        },
      };
      signal.addEventListener("abort", onAbort, { once: true });
      desk.waiters.add(waiter);
      this.serve(model);
    });
  }

  /** Counts a slot as taken that an attempt holds since an earlier link of the worker. */
  adopt(
    held: { readonly worker: WorkerEntry; readonly link: WorkerLink; readonly replicaId: string },
    onPreempt: () => void,
  ): HeldSlot {
    const { worker, link, replicaId } = held;
    const times = { takenAtMs: this.#deps.clock.nowMs(), endsAtMs: undefined };
    const hold = new SlotHold(++this.#taken, onPreempt, times);
    const taken =
      worker.replicas.get(replicaId)?.taken ?? worker.heldBefore.get(replicaId) ?? new Set<SlotHold>();
    if (!worker.replicas.has(replicaId)) worker.heldBefore.set(replicaId, taken);
    taken.add(hold);
    const note = once((outcome: SlotOutcome | undefined) => {
      const replica = worker.replicas.get(replicaId);
      if (replica !== undefined) this.#ended(replica, outcome, { isProbe: false, concurrency: taken.size });
    });
    return {
      workerId: worker.identity.id,
      link,
      note,
      release: (outcome) => {
        if (!taken.has(hold)) return;
        note(outcome);
        taken.delete(hold);
        const replica = worker.replicas.get(replicaId);
        if (replica !== undefined) this.serve(replica.report.model);
      },
    };
  }

  /** The slots of a model have changed: those who wait get what is free. */
  serve(model: string): void {
    const desk = this.#desks.get(model);
    if (desk === undefined) return;
    const { waiters } = desk;
    const replicas = this.#deps.replicasOf(model);
    const nowMs = this.#deps.clock.nowMs();
    const patient = new Set<Waiter>();
    let fastSlots: FastSlots<ReplicaEntry> | undefined;
    const waitsFor = (waiter: Waiter, expectedMs: number): boolean => {
      if (patient.size >= maxPatient) return false;
      fastSlots ??= new FastSlots(replicas, waiter, nowMs);
      const patienceMs = fastSlots.patienceMs(waiter, expectedMs);
      if (patienceMs === undefined) return false;
      waiter.patientUntilMs ??= nowMs + patienceMs;
      patient.add(waiter);
      return true;
    };
    waiters.serve({
      areLeft: () => replicas.some((replica) => hasFreeSlot(replica) && replica.isAccepting),
      take: (waiter) => this.#take(model, replicas, { waiter, waitsFor, nowMs }),
    });
    if (waiters.size === 0) this.#desks.delete(model);
    const before = desk.patient.size;
    desk.patient = patient;
    this.#wake(model, desk);
    this.#askBack(replicas, desk);
    if (before !== patient.size) this.#deps.onPatience(model);
  }

  /** A slot of this one replica, though it is held back. */
  takeOn(replica: ReplicaEntry): SlotLease | undefined {
    if (!replica.isAble || !hasFreeSlot(replica)) return undefined;
    const waiter = { avoid: new Set<string>(), needs: new Set<Capability>() };
    const nowMs = this.#deps.clock.nowMs();
    return this.#lease(replica.report.model, replica, {
      waiter: { ...waiter, laneClass: "interactive", onPreempt: undefined, maxTokens: undefined },
      expectedMs: undefined,
      nowMs,
    });
  }

  #deskOf(model: string): ModelDesk {
    const desk = this.#desks.get(model) ?? {
      waiters: new SlotWaiters<Waiter, SlotLease>(),
      patient: new Set(),
      stopTimer: () => {},
    };
    this.#desks.set(model, desk);
    return desk;
  }

  /** Patience ends by itself: what was expected need not happen. */
  #wake(model: string, desk: ModelDesk): void {
    const { clock } = this.#deps;
    desk.stopTimer();
    if (desk.patient.size === 0) return;
    const untilMs = Math.min(...[...desk.patient].map((waiter) => waiter.patientUntilMs ?? 0));
    desk.stopTimer = clock.after(Math.max(0, untilMs - clock.nowMs()), () => this.serve(model));
  }

  #askBack(replicas: readonly ReplicaEntry[], { waiters, patient }: ModelDesk): void {
    const waiting: Waiter[] = [];
    for (const waiter of waiters.interactive) if (!patient.has(waiter)) waiting.push(waiter);
    if (waiting.length === 0) return;
    for (const hold of chooseVictims(replicas, waiting)) hold.askBack();
  }

  #take(
    model: string,
    replicas: readonly ReplicaEntry[],
    { waiter, waitsFor, nowMs }: Turn,
  ): SlotLease | undefined {
    const choice = chooseReplica(replicas, waiter);
    if (choice.kind === "wait") return undefined;
    const { replica, expectedMs, expectedElsewhereMs = Number.POSITIVE_INFINITY } = choice;
    const mayWait = !replica.isProbeDue && nowMs < (waiter.patientUntilMs ?? Number.POSITIVE_INFINITY);
    if (mayWait && expectedMs !== undefined && expectedElsewhereMs < expectedMs) {
      if (waitsFor(waiter, expectedMs)) return undefined;
    }
    return this.#lease(model, replica, { waiter, expectedMs, nowMs });
  }

  #lease(
    model: string,
    replica: ReplicaEntry,
    of: {
      readonly waiter: Wanted & Pick<Waiter, "onPreempt" | "maxTokens" | "laneClass">;
      readonly expectedMs: number | undefined;
      readonly nowMs: number;
    },
  ): SlotLease | undefined {
    const { waiter, nowMs, expectedMs } = of;
    const { link, identity } = replica.worker;
    if (link === undefined) return undefined;
    const endsAtMs = expectedMs === undefined ? undefined : nowMs + expectedMs;
    const expected = expectedOf(replica, waiter);
    const hold = new SlotHold(++this.#taken, waiter.onPreempt, { takenAtMs: nowMs, endsAtMs });
    const isProbe = replica.isProbeDue;
    if (isProbe) replica.health.probing();
    replica.taken.add(hold);
    const besideAtStart = replica.slotsUsed;
    if (waiter.prefix) replica.warmed(waiter.prefix);
    const note = once((outcome: SlotOutcome | undefined) => {
      if (outcome?.kind === "answered") this.#lengths.note(model, outcome.usage.completionTokens);
      const concurrency = (besideAtStart + replica.slotsUsed) / 2;
      this.#ended(replica, outcome, { isProbe, concurrency });
    });
    return {
      workerId: identity.id,
      workerName: identity.name,
      replicaId: replica.replicaId,
      model,
      link,
      expected,
      laneClass: waiter.laneClass,
      onPreempt: waiter.onPreempt,
      note,
      release: (outcome) => {
        if (!replica.taken.has(hold)) return;
        note(outcome);
        replica.taken.delete(hold);
        this.serve(model);
      },
    };
  }

  /** The link to a replica's worker broke while it was at work. */
  lost(replica: ReplicaEntry): void {
    this.#ended(replica, { kind: "failed", code: "worker_lost" }, { isProbe: false, concurrency: 1 });
  }

  #ended(
    replica: ReplicaEntry,
    outcome: SlotOutcome | undefined,
    of: { readonly isProbe: boolean; readonly concurrency: number },
  ): void {
    const { clock, random, onBreaker } = this.#deps;
    const at = { nowMs: clock.nowMs(), random: random() };
    const hasTurned = replica.health.note(outcome, { ...of, at });
    replica.refresh();
    if (hasTurned) onBreaker(replica);
  }
}

function once<A>(task: (argument: A) => void): (argument: A) => void {
  let isDone = false;
  return (argument) => {
    if (isDone) return;
    isDone = true;
    task(argument);
  };
}

function waitEnded(): MusterError {
  return new MusterError("cancelled", "The request was cancelled while it waited for a slot.");
}

function tooLate(): MusterError {
  return new MusterError(
    "deadline_exceeded",
    "No worker had a free slot before the request's deadline. Allow it more time, or add workers.",
  );
}
