import { type Log, MusterError } from "@muster/base";
import type { LoadOrder, ReplicaReport } from "../core/link-messages.ts";
import { type KeeperDeps, ReplicaKeeper, type ReplicaSpec } from "./replica-keeper.ts";

/** Replicas that one worker keeps at most. */
const maxReplicas = 16;

export interface ReplicaSetDeps extends KeeperDeps {
  readonly log: Log;
  /** A replica's spec from an orchestrator's order: the worker's own defaults fill the gaps. Throws `invalid_request`. */
  readonly specOf: (order: LoadOrder) => ReplicaSpec;
}

/** The replicas of this worker, by id. */
export class ReplicaSet {
  readonly #deps: ReplicaSetDeps;
  readonly #keepers = new Map<string, ReplicaKeeper>();

  constructor(deps: ReplicaSetDeps) {
    this.#deps = deps;
  }

  get(replicaId: string): ReplicaKeeper | undefined {
    return this.#keepers.get(replicaId);
  }

  /** What is loaded, or is to be. */
  modelUris(): string[] {
    return [...this.#keepers.values()].map(({ spec }) => spec.modelUri);
  }

  reports(): ReplicaReport[] {
    return [...this.#keepers.values()].map((keeper) => keeper.lastReport);
  }

  /** Starts to serve; an id that is served already stays as it is. */
  add(spec: ReplicaSpec): void {
    if (this.#keepers.has(spec.replicaId)) return;
    const keeper = new ReplicaKeeper(spec, this.#deps);
    this.#keepers.set(spec.replicaId, keeper);
    keeper.start();
  }

  /** Carries out an order; one that cannot be carried out is reported as a failed replica. */
  load(order: LoadOrder): void {
    try {
      if (this.#keepers.size >= maxReplicas) {
        throw new MusterError("model_load_failed", `This worker keeps at most ${maxReplicas} replicas.`);
      }
      this.add(this.#deps.specOf(order));
    } catch (error) {
      const { code, message } = MusterError.from(error);
      this.#deps.log.warn({ replicaId: order.replicaId, reason: message }, "load order refused");
      this.#deps.report({
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
      });
    }
  }

  async unload(replicaId: string): Promise<void> {
    const keeper = this.#keepers.get(replicaId);
    this.#keepers.delete(replicaId);
    await keeper?.close();
  }

  async closeAll(): Promise<void> {
    await Promise.all([...this.#keepers.keys()].map((replicaId) => this.unload(replicaId)));
  }
}
