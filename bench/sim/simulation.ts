import {
  expectedLoadMs,
  expectedTokensPerSecond,
  type PlacementState,
  type PlacementWorker,
  readSpeeds,
} from "@muster/orchestrator/testing";
import { seeded } from "../scheduler/office.ts";
import { EventQueue } from "./event-queue.ts";
import { SimLanes } from "./lanes.ts";
import type { SimPolicy } from "./policies.ts";
import { type SimAttempt, SimReplica, shareSpeed } from "./replica.ts";
import type { SimEvent } from "./sim-event.ts";
import type { SimResult } from "./sim-result.ts";
import { type Loading, placementState, withHalfDone, youngestLine } from "./sim-state.ts";
import { Waits } from "./waits.ts";
import { lentHours, type SimRequest, type SimWorld } from "./world.ts";

/** A plan is made so often; in between, what has changed waits. */
const planEveryMs = 30_000;

/** One day of an office with one policy. */
export class Simulation {
  readonly #world: SimWorld;
  readonly #policy: SimPolicy;
  readonly #events = new EventQueue<SimEvent>();
  readonly #lanes: readonly SimLanes[];
  /** Replicas with a free slot, by model, in the order of desks. */
  readonly #free: readonly Set<SimReplica>[];
  readonly #loaded: Map<string, Loading>[];
  readonly #isLent: boolean[];
  readonly #hadLoad: boolean[];
  readonly #stored: Set<string>[];
  readonly #modelIndex: ReadonlyMap<string, number>;
  readonly #deskIndex: ReadonlyMap<string, number>;
  /** Desks as placement sees them while they are not lent. */
  readonly #closed: readonly PlacementWorker[];
  readonly #serviceMs: (number | undefined)[];
  readonly #tokens: number[];
  readonly #running: { people: number; lines: number }[];
  readonly #peopleWaits = new Waits();
  readonly #lineWaits = new Waits();
  #nowMs = 0;
  #wasted = 0;
  #loads = 0;
  #moves = 0;
  #ids = 0;
  #mostOver = 0;

  constructor(world: SimWorld, policy: SimPolicy, seed: number) {
    this.#world = world;
    this.#policy = policy;
    const random = seeded(seed);
    const { desks, models } = world;
    this.#lanes = models.map((_, model) => new SimLanes(model, random));
    this.#free = models.map(() => new Set());
    this.#loaded = desks.map(() => new Map());
    this.#isLent = desks.map(() => false);
    this.#hadLoad = desks.map(() => false);
    this.#stored = desks.map(() => new Set());
    this.#modelIndex = new Map(models.map(({ id }, index) => [id, index]));
    this.#deskIndex = new Map(desks.map(({ worker }, index) => [worker.id, index]));
    this.#closed = desks.map(({ worker }) => ({ ...worker, isOpen: false, isServing: false }));
    this.#serviceMs = models.map(() => undefined);
    this.#tokens = models.map(() => 0);
    this.#running = models.map(() => ({ people: 0, lines: 0 }));
  }

  run(): SimResult {
    const { desks, batches, interactive, endMs } = this.#world;
    for (const [index, { atMs }] of batches.entries()) this.#events.push(atMs, { kind: "batch", index });
    for (const [desk, { lent }] of desks.entries()) {
      for (const [from, to] of lent) {
        this.#events.push(from, { kind: "lent", desk });
        if (to < endMs) this.#events.push(to, { kind: "back", desk });
      }
    }
    if (interactive[0]) this.#events.push(interactive[0].arrivedAtMs, { kind: "person", index: 0 });
    this.#events.push(0, { kind: "plan" });
    for (;;) {
      const atMs = this.#events.nextAtMs;
      if (atMs === undefined || atMs >= endMs) break;
      const event = this.#events.take();
      if (event === undefined) break;
      this.#nowMs = atMs;
      this.#handle(event);
    }
    this.#nowMs = endMs;
    return this.#result();
  }

  #handle(event: SimEvent): void {
    switch (event.kind) {
      case "lent":
        this.#isLent[event.desk] = true;
        this.#hadLoad[event.desk] = false;
        return;
      case "back":
        this.#ownerIsBack(event.desk);
        return;
      case "person": {
        const request = this.#world.interactive[event.index];
        const next = this.#world.interactive[event.index + 1];
        if (next) this.#events.push(next.arrivedAtMs, { kind: "person", index: event.index + 1 });
        if (request) this.#arrive(request);
        return;
      }
      case "batch": {
        const batch = this.#world.batches[event.index];
        if (batch === undefined) return;
        this.#lanes[batch.model]?.addBatch(batch);
        this.#dispatch(batch.model);
        return;
      }
      case "loaded":
        this.#isReady(event.loading);
        return;
      case "done":
        if (event.version === event.replica.version) this.#isDone(event.replica, event.attempt);
        return;
      case "plan":
        this.#plan();
        this.#events.push(this.#nowMs + planEveryMs, { kind: "plan" });
        return;
      default:
        event satisfies never;
    }
  }

  #arrive(request: SimRequest): void {
    const lane = this.#lanes[request.model];
    const free = this.#free[request.model];
    lane?.add(request);
    if (free?.size === 0) this.#takeFromLine(request.model);
    this.#dispatch(request.model);
  }

  /** A person who finds no free slot takes that of the youngest line. */
  #takeFromLine(model: number): void {
    const youngest = youngestLine(this.#loaded, model);
    if (youngest !== undefined) this.#giveBack(youngest.replica, youngest.attempt);
  }

  #dispatch(model: number): void {
    const lane = this.#lanes[model];
    const free = this.#free[model];
    if (lane === undefined || free === undefined) return;
    while (free.size > 0 && !lane.isEmpty) {
      const request = lane.take();
      if (request === undefined) return;
      const replica = this.#policy.route([...free], request);
      if (replica === undefined) {
        lane.add(request);
        return;
      }
      this.#start(replica, request);
    }
  }

  #start(replica: SimReplica, request: SimRequest): void {
    const waits = request.isInteractive ? this.#peopleWaits : this.#lineWaits;
    waits.add(this.#nowMs - request.arrivedAtMs);
    replica.start(request, this.#nowMs);
    this.#mostOver = Math.max(this.#mostOver, replica.attempts.size - replica.slots);
    this.#count(request, 1);
    this.#changed(replica);
  }

  #isDone(replica: SimReplica, attempt: SimAttempt): void {
    const { request, startedAtMs } = attempt;
    replica.end(attempt, this.#nowMs);
    this.#count(request, -1);
    this.#tokens[request.model] = (this.#tokens[request.model] ?? 0) + request.work;
    const known = this.#serviceMs[request.model];
    const tookMs = this.#nowMs - startedAtMs;
    this.#serviceMs[request.model] = known === undefined ? tookMs : known + (tookMs - known) / 50;
    this.#changed(replica);
    this.#dispatch(request.model);
  }

  /** What has been written is lost; the request waits again. */
  #giveBack(replica: SimReplica, attempt: SimAttempt): void {
    this.#wasted += replica.writtenFor(attempt, this.#nowMs);
    replica.end(attempt, this.#nowMs);
    this.#count(attempt.request, -1);
    this.#lanes[attempt.request.model]?.add(attempt.request);
    this.#changed(replica);
  }

  #changed(replica: SimReplica): void {
    const free = this.#free[replica.model];
    if (replica.hasFreeSlot) free?.add(replica);
    else free?.delete(replica);
    const onDesk = this.#loaded[replica.desk]?.values() ?? [];
    const all = [...onDesk].flatMap((loading) => loading.replica ?? []);
    for (const other of shareSpeed(all, this.#nowMs)) if (other !== replica) this.#expect(other);
    this.#expect(replica);
  }

  #expect(replica: SimReplica): void {
    const next = replica.next(this.#nowMs);
    if (next === undefined) return;
    this.#events.push(next.atMs, { kind: "done", replica, version: replica.version, attempt: next.attempt });
  }

  #count({ model, isInteractive }: SimRequest, change: 1 | -1): void {
    const running = this.#running[model];
    if (running === undefined) return;
    if (isInteractive) running.people += change;
    else running.lines += change;
  }

  #ownerIsBack(desk: number): void {
    this.#isLent[desk] = false;
    for (const loading of this.#loaded[desk]?.values() ?? []) this.#drop(loading);
    this.#loaded[desk]?.clear();
  }

  #drop({ replica }: Loading): void {
    if (replica === undefined) return;
    for (const attempt of [...replica.attempts]) this.#giveBack(replica, attempt);
    replica.isRetiring = true;
    this.#free[replica.model]?.delete(replica);
    this.#dispatch(replica.model);
  }

  #retire(replica: SimReplica, isUrgent: boolean): void {
    replica.isRetiring = true;
    this.#free[replica.model]?.delete(replica);
    for (const attempt of [...replica.attempts]) {
      if (isUrgent && !attempt.request.isInteractive) this.#giveBack(replica, attempt);
    }
  }

  #isReady(loading: Loading): void {
    const { desk, action, id } = loading;
    // The owner may have come back meanwhile.
    if (this.#loaded[desk]?.get(id) !== loading) return;
    const facts = this.#world.desks[desk];
    const model = this.#modelIndex.get(action.model);
    if (facts === undefined || model === undefined) return;
    const { slots } = action;
    const shape = { ...action, rank: 0 };
    const tokensPerSecond = expectedTokensPerSecond(readSpeeds(facts.worker), shape) * facts.speedFactor;
    loading.replica = new SimReplica({ id, desk, model, slots, tokensPerSecond });
    loading.replica.lastUsedAtMs = this.#nowMs;
    this.#stored[desk]?.add(action.variant.uri);
    this.#changed(loading.replica);
    this.#dispatch(model);
  }

  #plan(): void {
    for (const action of this.#policy.place(this.#state())) {
      const desk = this.#deskIndex.get(action.workerId) ?? -1;
      const loaded = this.#loaded[desk];
      const facts = this.#world.desks[desk];
      if (loaded === undefined || facts === undefined) continue;
      if (action.kind === "load") {
        const loading: Loading = {
          ...{ id: `${action.workerId}-${this.#ids++}`, desk, action, sinceMs: this.#nowMs },
          replica: undefined,
        };
        loaded.set(loading.id, loading);
        this.#loads += 1;
        if (this.#hadLoad[desk]) this.#moves += 1;
        const worker = { ...facts.worker, stored: this.#stored[desk] ?? new Set() };
        this.#events.push(this.#nowMs + expectedLoadMs(worker, action.variant), { kind: "loaded", loading });
        continue;
      }
      const there = loaded.get(action.replicaId);
      if (there === undefined) continue;
      if (action.kind === "unload") {
        loaded.delete(action.replicaId);
        this.#drop(there);
      } else if (there.replica) {
        this.#retire(there.replica, action.isUrgent);
      }
    }
    for (const [desk, loaded] of this.#loaded.entries()) if (loaded.size > 0) this.#hadLoad[desk] = true;
  }

  #state(): PlacementState {
    return placementState({
      ...{ world: this.#world, nowMs: this.#nowMs, isLent: this.#isLent, closed: this.#closed },
      ...{ loaded: this.#loaded, stored: this.#stored, lanes: this.#lanes, running: this.#running },
      serviceMs: this.#serviceMs,
    });
  }

  #result(): SimResult {
    const tokens = withHalfDone(this.#tokens, this.#loaded, this.#nowMs);
    return {
      ...{ tokens, wastedTokens: this.#wasted, loads: this.#loads, moves: this.#moves },
      ...{ lentHours: lentHours(this.#world), people: this.#peopleWaits, lines: this.#lineWaits },
      peopleLeftWaiting: this.#lanes.reduce((sum, lane) => sum + lane.peopleWaiting, 0),
      mostRunningOverSlots: this.#mostOver,
    };
  }
}
