import type { Capability } from "@muster/base";

export interface ServedModel {
  readonly slots: number;
  /** What its replicas can do: one set for each kind of replica. */
  readonly capabilitySets: readonly ReadonlySet<Capability>[];
}

/** What the orchestrators that share one store serve, so that each can take requests for all of them. */
export interface ModelDirectory {
  /** Tells the others what workers serve here, by model. Repeated by the caller; an entry that is not fades. */
  announce(served: ReadonlyMap<string, ServedModel>): Promise<void>;
  /** What the others serve, as it was read last, by model and added up. */
  elsewhere(): ReadonlyMap<string, ServedModel>;
  /** Takes this orchestrator's entry away. Never throws. */
  close(): Promise<void>;
}
