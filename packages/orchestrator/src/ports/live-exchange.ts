import type { Finding } from "../core/findings/finding.ts";
import type { Sample } from "../core/live/sample.ts";

/** What one orchestrator tells the others. */
export interface Told {
  readonly sample: Sample;
  readonly findings: readonly Finding[];
  /** Workers that it has lost: they may be connected elsewhere now. */
  readonly lost: readonly string[];
  /** Of those that others have lost, the ones that are connected to it. */
  readonly here: readonly string[];
}

/** What the orchestrators that share one store see now. */
export interface LiveExchange {
  /** Tells the others, and hears them. Repeated by the caller; what is not fades. Rejects while the store is away. */
  tell(told: Told): Promise<void>;
  /** Of the others, as they were heard last. */
  others(): readonly Told[];
  /** Takes away what this orchestrator has told. Never throws. */
  close(): Promise<void>;
}
