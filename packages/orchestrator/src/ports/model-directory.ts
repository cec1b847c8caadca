import type { Capability } from "@muster/base";

export interface ServedModel {
  readonly slots: number;
  /** What its replicas can do: one set for each kind of replica. */
  readonly capabilitySets: readonly ReadonlySet<Capability>[];
}

/** What is asked of one model by those whose home is one orchestrator. */
export interface AskedModel {
  readonly interactiveWaiting: number;
  readonly interactiveRunning: number;
  readonly batchWaiting: number;
  readonly batchRunning: number;
  /** 0 where nobody waits. */
  readonly oldestWaitMs: number;
}

/** What one orchestrator tells the others. */
export interface Announcement {
  /** What workers serve here, by model. */
  readonly served: ReadonlyMap<string, ServedModel>;
  readonly asked: ReadonlyMap<string, AskedModel>;
  /** Models that a worker here could load, each with how long that should take. */
  readonly loadable: ReadonlyMap<string, number>;
  /** Slots that are being made ready here, by model. */
  readonly coming: ReadonlyMap<string, number>;
}

/** What the orchestrators that share one store serve, so that each can take requests for all of them. */
export interface ModelDirectory {
  /** Tells the others. Repeated by the caller; an announcement that is not fades. */
  announce(announcement: Announcement): Promise<void>;
  /** What the others serve, as it was read last, by model and added up. */
  elsewhere(): ReadonlyMap<string, ServedModel>;
  /** Whether any other orchestrator has been heard of lately. */
  hasOthers(): boolean;
  /** As `elsewhere`: what is asked of them. */
  askedElsewhere(): ReadonlyMap<string, AskedModel>;
  /** Models that a worker of theirs could load, with the shortest time that it should take. */
  loadableElsewhere(): ReadonlyMap<string, number>;
  /** Slots that they are making ready. */
  comingElsewhere(): ReadonlyMap<string, number>;
  /** Takes this orchestrator's entry away. Never throws. */
  close(): Promise<void>;
}
