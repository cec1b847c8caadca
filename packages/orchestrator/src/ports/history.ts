import type { Resolution } from "../core/live/resolutions.ts";
import type { Sample } from "../core/live/sample.ts";

/** A sample of one orchestrator, and when it ended. */
export interface HistoryRecord {
  readonly orchestrator: string;
  /** Unix time, of the store's clock: there is one for all. */
  readonly endMs: number;
  readonly sample: Sample;
}

/** What all orchestrators have seen, for a while. It is nice to have: nothing depends on it. */
export interface HistoryStore {
  /** Adds a sample that ends now, and lets go of what is too old. Rejects while the store is away. */
  add(resolution: Resolution, sample: Sample): Promise<void>;
  /** Oldest first, a page after the other; those that ended within the span. */
  read(
    resolution: Resolution,
    span: { readonly sinceMs: number; readonly untilMs: number },
  ): AsyncIterable<readonly HistoryRecord[]>;
  close(): void;
}
