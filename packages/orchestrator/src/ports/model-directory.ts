/** What the orchestrators that share one store serve, so that each can take requests for all of them. */
export interface ModelDirectory {
  /** Tells the others what workers serve here: slots by model. Repeated by the caller; an entry that is not fades. */
  announce(slots: ReadonlyMap<string, number>): Promise<void>;
  /** What the others serve, as it was read last: slots by model, added up. */
  elsewhere(): ReadonlyMap<string, number>;
  /** Takes this orchestrator's entry away. Never throws. */
  close(): Promise<void>;
}
