import type { Sample } from "../core/live/sample.ts";

/** The latest samples of the orchestrators that share one store. */
export interface LiveExchange {
  /** Tells the others, and hears them. Repeated by the caller; a sample that is not fades. Rejects while the store is away. */
  tell(sample: Sample): Promise<void>;
  /** Of the others, as they were heard last. */
  others(): readonly Sample[];
  /** Takes this orchestrator's sample away. Never throws. */
  close(): Promise<void>;
}
