import { type Log, MusterError } from "@muster/base";
import type { LoadOrder, ReplicaReport } from "../core/link-messages.ts";
import { type KeeperDeps, ReplicaKeeper, type ReplicaSpec } from "./replica-keeper.ts";

/** Why a replica has been put away: each cause must be over before it is loaded again. */
export type PutAwayCause = "owner" | "memory";

/** Replicas that one worker keeps at most. */
const maxReplicas = 16;
/** Refused orders that are remembered until the orchestrator takes them back. */
const maxRefused = 64;

export interface ReplicaSetDeps extends KeeperDeps {
  readonly log: Log;
  /** A replica's spec from an orchestrator's order: the worker's own defaults fill the gaps. Throws `invalid_request`. */
  readonly specOf: (order: LoadOrder) => ReplicaSpec;
}

/** The replicas of this worker, by id. */
export class ReplicaSet {
  readonly #deps: ReplicaSetDeps;
  readonly #keepers = new Map<string, ReplicaKeeper>();
  readonly #putAway = new Map<string, Set<PutAwayCause>>();
  /** Orders that could not be carried out, as reported, until they are taken back. */
  readonly #refused = new Map<string, ReplicaReport>();
  /** Why nothing is loaded now; undefined: it is. */
  #awayReason: string | undefined;

  constructor(deps: ReplicaSetDeps) {
    this.#deps = deps;
  }

  get(replicaId: string): ReplicaKeeper | undefined {
    return this.#keepers.get(replicaId);
  }

  /** What is loaded, or is to be, with what belongs to it. */
  modelUris(): string[] {
    return [...this.#keepers.values()].flatMap(({ spec: { modelUri, projectorUri } }) =>
      projectorUri === undefined ? [modelUri] : [modelUri, projectorUri],
    );
  }

  reports(): ReplicaReport[] {
    return [...this.#keepers.values()].map((keeper) => keeper.lastReport);
  }

  keepers(): readonly ReplicaKeeper[] {
    return [...this.#keepers.values()];
  }

  /** Starts to serve, once the machine is lent; an id that is served already stays as it is. */
  add(spec: ReplicaSpec): void {
    if (this.#keepers.has(spec.replicaId)) return;
    const keeper = new ReplicaKeeper(spec, this.#deps);
    this.#keepers.set(spec.replicaId, keeper);
    // One that has not started has nothing to free.
    if (this.#awayReason !== undefined) void this.putAway(spec.replicaId, "owner");
    keeper.start();
  }

  /** From here on nothing is loaded: orders are refused, and what is added waits. */
  holdLoads(reason: string): void {
    this.#awayReason = reason;
  }

  /**
   * Frees a replica's memory; resolves when it is free. One that the owner has chosen is loaded again when all causes are
   * over; what was ordered is gone, and placed anew by whoever ordered it.
   */
  async putAway(replicaId: string, cause: PutAwayCause): Promise<void> {
    const keeper = this.#keepers.get(replicaId);
    if (keeper === undefined) return;
    if (!keeper.spec.isFixed) return this.unload(replicaId);
    const causes = this.#putAway.get(replicaId) ?? new Set();
    this.#putAway.set(replicaId, causes.add(cause));
    await keeper.suspend();
  }

  /** The cause is over for one replica. */
  bringBack(replicaId: string, cause: PutAwayCause): void {
    const causes = this.#putAway.get(replicaId);
    if (causes?.delete(cause) !== true || causes.size > 0) return;
    this.#putAway.delete(replicaId);
    this.#keepers.get(replicaId)?.resume();
  }

  /** The machine is lent: what was put away for its owner is loaded again. */
  resumeLoads(): void {
    this.#awayReason = undefined;
    for (const replicaId of [...this.#putAway.keys()]) this.bringBack(replicaId, "owner");
  }

  /** Carries out an order; one that cannot be carried out is reported as a failed replica. */
  load(order: LoadOrder): void {
    const known = this.#keepers.get(order.replicaId);
    if (known !== undefined) {
      // Ordered twice: whoever did so has not heard of it.
      this.#deps.report(known.lastReport);
      return;
    }
    try {
      if (this.#awayReason !== undefined) throw new MusterError("given_back", this.#awayReason);
      if (this.#keepers.size >= maxReplicas) {
        throw new MusterError("model_load_failed", `This worker keeps at most ${maxReplicas} replicas.`);
      }
      this.add(this.#deps.specOf(order));
    } catch (error) {
      const { code, message } = MusterError.from(error);
      this.#deps.log.warn({ replicaId: order.replicaId, reason: message }, "load order refused");
      const failed: ReplicaReport = {
        replicaId: order.replicaId,
        model: order.model ?? order.modelUri,
        state: "failed",
        progress: 0,
        slots: 0,
        contextTokens: 0,
        engine: this.#deps.engine.name,
        backend: "",
        fileBytes: 0,
        capabilities: [],
        modelSha256: undefined,
        engineVersion: undefined,
        failure: { code, message },
        ...{ vramBytes: 0, ramBytes: 0, gpuLayers: 0, layers: 0, loadMs: 0 },
        isFixed: false,
        variant: order.variant,
        modelUri: order.modelUri,
      };
      this.#deps.report(failed);
      this.#remember(failed);
      // Nothing is wrong with it: it must not stay listed as broken.
      if (code === "given_back") this.#forget(order.replicaId);
    }
  }

  #remember(refused: ReplicaReport): void {
    this.#refused.set(refused.replicaId, refused);
    const [oldest] = this.#refused.keys();
    if (this.#refused.size > maxRefused && oldest !== undefined) this.#forget(oldest);
  }

  /** Without a word of its end it would stay listed, with the memory that it was to take. */
  #forget(replicaId: string): void {
    const refused = this.#refused.get(replicaId);
    if (refused === undefined) return;
    this.#refused.delete(replicaId);
    this.#deps.report({ ...refused, state: "unloaded", failure: undefined });
  }

  async unload(replicaId: string): Promise<void> {
    this.#forget(replicaId);
    const keeper = this.#keepers.get(replicaId);
    this.#keepers.delete(replicaId);
    this.#putAway.delete(replicaId);
    await keeper?.close();
  }

  async closeAll(): Promise<void> {
    await Promise.all([...this.#keepers.keys()].map((replicaId) => this.unload(replicaId)));
  }
}
