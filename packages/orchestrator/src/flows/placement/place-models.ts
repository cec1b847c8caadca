import type { Clock, Log } from "@muster/base";
import type { Loadable } from "../../core/families/choose-member.ts";
import { expectedTokensPerSecond, readSpeeds } from "../../core/placement/expected-speed.ts";
import type {
  LoadAction,
  PlacementAction,
  PlacementModel,
  PlacementPlan,
  PlacementPolicy,
  PlacementState,
  UnloadAction,
  Unmet,
} from "../../core/placement/fleet-state.ts";
import type { CouldRun, ModelReport } from "../../core/placement/plan-report.ts";
import type { FleetRegistry } from "../fleet-registry.ts";
import type { DemandBook } from "./demand-book.ts";
import { LoadOrders } from "./load-orders.ts";
import { placementState, placementWorker } from "./placement-state.ts";

/** How often the fleet is looked at without anything having happened. */
const tickMs = 1_000;
/** Things that happen together are looked at together. */
const settleMs = 50;
/** A thousand machines that join one by one must not be planned for one by one: looks take a tenth of the time at most. */
const restShare = 10;
/**
 * What could be loaded is worked out anew after this time; sooner where something has happened, but not for every
 * worker of a fleet that comes back.
 */
const outlookMs = { longest: 2_000, least: 500 };

interface PlacerDeps {
  readonly fleet: FleetRegistry;
  readonly demand: DemandBook;
  /** The catalogue, with pins, as placement sees it. */
  readonly models: () => readonly PlacementModel[];
  /** The pure decision. */
  readonly place: (state: PlacementState, policy: PlacementPolicy) => PlacementPlan;
  /** Whether somebody who asks for a model now would be answered; worked out for all models together. */
  readonly runnable: (state: PlacementState, policy: PlacementPolicy) => (model: string) => CouldRun;
  readonly report: (state: PlacementState, policy: PlacementPolicy) => readonly ModelReport[];
  readonly policy: PlacementPolicy;
  /** False: workers keep what they have, and nothing is loaded by us. */
  readonly isOn: boolean;
  readonly staying: (workerId: string) => number;
  readonly newReplicaId: () => string;
  /** Counted, and shown. */
  readonly acted: (action: PlacementAction) => void;
  readonly clock: Clock;
  readonly log: Log;
}

/** What was worked out lately of what could be loaded. */
interface Outlook {
  readonly sinceMs: number;
  /** Something has happened since. */
  isOld: boolean;
  readonly ask: (model: string) => CouldRun;
  readonly answers: Map<string, CouldRun>;
}

/** Keeps the models that are asked for on the machines that can run them: looks, plans, orders. */
export class ModelPlacer {
  readonly #deps: PlacerDeps;
  readonly #orders: LoadOrders;
  #unmet: ReadonlyMap<string, Unmet> = new Map();
  #outlook: Outlook | undefined;
  /** How long the last look took. */
  #lookMs = 0;
  #stopTimer: () => void = () => {};
  #dueAtMs = Number.POSITIVE_INFINITY;
  #isStopped = true;

  constructor(deps: PlacerDeps) {
    this.#deps = deps;
    this.#orders = new LoadOrders(deps);
  }

  start(): void {
    this.#isStopped = !this.#deps.isOn;
    this.#schedule(0);
  }

  stop(): void {
    this.#isStopped = true;
    this.#stopTimer();
  }

  /** Something has happened that a plan may depend on: looks again in a moment. */
  poke(): void {
    if (this.#outlook !== undefined) this.#outlook.isOld = true;
    this.#schedule(Math.max(settleMs, restShare * this.#lookMs));
  }

  /** The fleet as it is now, for plans and reports. */
  state(): PlacementState {
    const { fleet, demand, models, staying, clock } = this.#deps;
    return placementState({
      ...{ workers: fleet.looks(), orders: this.#orders, models: models(), demand: demand.list(), staying },
      nowMs: clock.nowMs(),
    });
  }

  /** Whether a worker here has the model, or could load it, and how long that should take. */
  couldRun(model: string): Loadable {
    if (!this.#deps.isOn) return { kind: "no", reason: "no worker serves it, and placement is off" };
    const known = this.#ask(model, outlookMs.least);
    // Nobody is turned away for what was so a moment ago.
    return known.kind === "no" && this.#outlook?.isOld ? this.#ask(model, 0) : known;
  }

  /** Those of these models that a worker here could have, with how long it should take. */
  loadable(models: readonly string[]): ReadonlyMap<string, number> {
    const loadable = new Map<string, number>();
    if (!this.#deps.isOn) return loadable;
    for (const model of models) {
      const answer = this.#ask(model, outlookMs.least);
      if (answer.kind === "yes") loadable.set(model, answer.loadMs);
    }
    return loadable;
  }

  /** Where each model would fit, on machines with nothing else loaded. */
  report(): readonly ModelReport[] {
    return this.#deps.report(this.state(), this.#deps.policy);
  }

  /** The variant that most workers would load; undefined where none could. */
  preferredVariant(model: string): string | undefined {
    const counts = new Map<string, number>();
    for (const { fit } of this.report().find((one) => one.model === model)?.workers ?? []) {
      if (fit.kind !== "fits") continue;
      const { id } = fit.shape.variant;
      counts.set(id, (counts.get(id) ?? 0) + 1);
    }
    return [...counts].sort(([, a], [, b]) => b - a)[0]?.[0];
  }

  /** @param leastMs what is known is good enough for so long, whatever has happened */
  #ask(model: string, leastMs: number): CouldRun {
    const { runnable, policy, clock } = this.#deps;
    const nowMs = clock.nowMs();
    const ageMs = nowMs - (this.#outlook?.sinceMs ?? 0);
    const isGood =
      this.#outlook !== undefined && ageMs <= outlookMs.longest && (!this.#outlook.isOld || ageMs < leastMs);
    if (!isGood || this.#outlook === undefined)
      this.#outlook = {
        sinceMs: nowMs,
        isOld: false,
        ask: runnable(this.state(), policy),
        answers: new Map(),
      };
    const { ask, answers } = this.#outlook;
    const known = answers.get(model) ?? ask(model);
    answers.set(model, known);
    return known;
  }

  /** How fast a replica should write, by its hardware and its file; undefined where either is not known. */
  expectedTokensPerSecond(workerId: string, replicaId: string): number | undefined {
    const { fleet, models, staying } = this.#deps;
    const replica = fleet.replica(workerId, replicaId);
    const worker = fleet.look(workerId);
    const all = models();
    const variant = all.flatMap(({ variants }) => variants).find(({ uri }) => uri === replica?.modelUri);
    if (replica === undefined || worker === undefined || variant === undefined) return undefined;
    const { gpuLayers, layers } = replica;
    const device = gpuLayers === 0 ? "cpu" : gpuLayers < layers ? "partial" : "gpu";
    const known = new Set(all.map(({ id }) => id));
    const speeds = readSpeeds(placementWorker(worker, { orders: this.#orders, staying, known }));
    return expectedTokensPerSecond(speeds, { variant, device, gpuLayers });
  }

  /** Why a model that is asked for is not there; undefined where it is, or on its way. */
  unmet(model: string): Unmet | undefined {
    return this.#unmet.get(model);
  }

  /** Slots that are on their way here, by model. */
  coming(): ReadonlyMap<string, number> {
    const { fleet } = this.#deps;
    const coming = new Map(this.#orders.orderedSlots());
    for (const model of fleet.knownModels()) {
      const slots = fleet.coming(model).reduce((sum, replica) => sum + replica.slots, 0);
      if (slots > 0) coming.set(model, slots + (coming.get(model) ?? 0));
    }
    return coming;
  }

  /** What is being done to get a model ready, for whoever waits for it; undefined: nothing, or it is ready. */
  comingUp(model: string): { readonly says: string } | undefined {
    const { fleet } = this.#deps;
    if (fleet.slots(model) > 0) return undefined;
    const coming = fleet.coming(model);
    const [furthest] = coming
      .filter(({ state }) => state !== "ready")
      .sort(
        (a, b) => Number(b.state === "loading") - Number(a.state === "loading") || b.progress - a.progress,
      );
    if (furthest !== undefined) {
      const percent = Math.round(furthest.progress * 100);
      return { says: `${furthest.state} ${model} (${percent} %)` };
    }
    if (coming.length > 0) return { says: `checking ${model}` };
    return this.#orders.orderedSlots().has(model) ? { says: `ordering ${model}` } : undefined;
  }

  #schedule(afterMs: number): void {
    const dueAtMs = this.#deps.clock.nowMs() + afterMs;
    if (this.#isStopped || dueAtMs >= this.#dueAtMs) return;
    this.#stopTimer();
    this.#dueAtMs = dueAtMs;
    this.#stopTimer = this.#deps.clock.after(afterMs, () => this.#look());
  }

  #look(): void {
    const { fleet, place, policy, clock, log } = this.#deps;
    this.#dueAtMs = Number.POSITIVE_INFINITY;
    const fromMs = clock.nowMs();
    try {
      for (const order of this.#orders.look(fleet.looks())) {
        this.#orders.failedToLoad(order);
        this.#unload(order.workerId, order.replicaId, "it could not be loaded");
      }
      const { actions, unmet } = place(this.state(), policy);
      this.#unmet = new Map(unmet.map((one) => [one.model, one]));
      this.#carryOut(actions);
    } catch (error) {
      // A plan that fails must not be the last one.
      log.error({ error: error instanceof Error ? error.stack : String(error) }, "placement failed");
    }
    this.#lookMs = clock.nowMs() - fromMs;
    this.#schedule(Math.max(tickMs, restShare * this.#lookMs));
  }

  /** A load that has to wait for memory is planned again once its worker has said that it is free. */
  #carryOut(actions: readonly PlacementAction[]): void {
    const freeing = new Set<string>();
    for (const action of actions) {
      if (action.kind === "unload") {
        freeing.add(action.workerId);
        this.#noteFault(action);
        this.#unload(action.workerId, action.replicaId, action.reason);
        this.#deps.acted(action);
      } else if (action.kind === "retire") {
        this.#deps.fleet.retire(action.workerId, action.replicaId, action);
        this.#deps.acted(action);
      } else if (!freeing.has(action.workerId) && this.#load(action)) this.#deps.acted(action);
    }
  }

  /** Loaded there again at once it would end the same way, for ever: an owner who wants his memory is another matter. */
  #noteFault({ workerId, replicaId, fault }: UnloadAction): void {
    const order = this.#orders.get(workerId, replicaId);
    if (fault === undefined || order?.action === undefined) return;
    const { vramBytes = 0, ramBytes = 0 } = this.#deps.fleet.replica(workerId, replicaId) ?? {};
    const isAsPlanned = vramBytes <= order.action.vramBytes && ramBytes <= order.action.ramBytes;
    if (!isAsPlanned && !this.#orders.isSound(order)) this.#orders.failedToLoad(order);
  }

  #load(action: LoadAction): boolean {
    const { fleet, newReplicaId, log } = this.#deps;
    const { workerId, model, variant, slots, contextTokens, device, gpuLayers, reason } = action;
    const replicaId = newReplicaId();
    const isSent = fleet.linkTo(workerId)?.send({
      kind: "load",
      ...{ replicaId, modelUri: variant.uri, model, slots, contextTokens, variant: variant.id, gpuLayers },
      ...{ sha256: variant.sha256, bytes: variant.fileBytes, isCpuOnly: device === "cpu" },
      // Other engines have no use for one.
      projectorUri:
        fleet.look(workerId)?.identity.engine === "llama-server" ? variant.projectorUri : undefined,
    });
    if (isSent !== true) return false;
    this.#orders.ordered(replicaId, action);
    log.info({ workerId, replicaId, model, variant: variant.id, device, slots, reason }, "model ordered");
    return true;
  }

  #unload(workerId: string, replicaId: string, reason: string): void {
    const { fleet, log } = this.#deps;
    if (fleet.linkTo(workerId)?.send({ kind: "unload", replicaId }) !== true) return;
    this.#orders.unloading(workerId, replicaId);
    // What is sent there now would only come back.
    fleet.retire(workerId, replicaId, { reason, isUrgent: false });
    log.info({ workerId, replicaId, reason }, "model sent away");
  }
}
