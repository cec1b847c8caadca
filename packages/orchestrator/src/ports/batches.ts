import type {
  BatchEndpoint,
  BatchEvents,
  BatchOptions,
  BatchPayer,
  BatchRecord,
  BatchState,
  LineCounts,
  LineUsage,
} from "../core/batches/batch.ts";
import type { Forecast } from "../core/batches/forecast.ts";
import type { PlanReport } from "../core/batches/plan-report.ts";

/** What a batch is asked for with. */
export interface BatchAsked {
  readonly tenant: string;
  /** What the key of whoever asks may use; undefined: all models. */
  readonly models: readonly string[] | undefined;
  readonly inputFileId: string;
  readonly endpoint: BatchEndpoint;
  readonly completionWindow: string;
  readonly metadata: Readonly<Record<string, string>> | undefined;
  readonly outputExpiresAfterMs: number | undefined;
  readonly options: BatchOptions;
  readonly payer?: BatchPayer | undefined;
}

/** A batch as people see it. */
export interface BatchView {
  readonly record: BatchRecord;
  readonly events: BatchEvents;
  readonly state: BatchState;
  /** Zeros before the lines are known. */
  readonly counts: LineCounts;
  readonly usage: LineUsage;
  readonly cachedLines: number;
  readonly isPaused: boolean;
  /** What it waits for, in words: room on the disk. */
  readonly waitsFor: string | undefined;
  /** Undefined where nothing can be said. */
  readonly forecast: Forecast | undefined;
}

/** Answers that were committed, in the order in which they were. */
export interface ResultsPage {
  /** Each without its line end. */
  readonly lines: readonly Uint8Array[];
  /** Where the next page begins: the same again if there was nothing. */
  readonly cursor: string;
  /** Read before the lines: over, and without lines, means that no more will come. */
  readonly state: BatchState;
}

/**
 * The batches of everybody who asks. What another tenant has is not there (`not_found`), nor are ids that are none.
 * Methods throw `store_unavailable` as well.
 */
export interface Batches {
  /**
   * Throws `invalid_request` with its `param` for a window, a file or a webhook that cannot be taken, `not_found`
   * for an input file that is not there, `store_full`.
   */
  create(asked: BatchAsked): Promise<BatchView>;
  view(tenant: string, batchId: string): Promise<BatchView>;
  /** Newest first, those older than `after` only. */
  list(
    tenant: string,
    page: { readonly after: string | undefined; readonly limit: number },
  ): Promise<{ readonly views: readonly BatchView[]; readonly hasMore: boolean }>;
  /** Throws `invalid_request` for one that is over. */
  cancel(tenant: string, batchId: string): Promise<BatchView>;
  /** Without effect where it is paused already; throws `invalid_request` as `cancel` does. */
  pause(tenant: string, batchId: string): Promise<BatchView>;
  resume(tenant: string, batchId: string): Promise<BatchView>;
  /** Waits up to `waitMs` for something to give. Throws `invalid_request` for a cursor that is none. */
  results(
    tenant: string,
    batchId: string,
    page: {
      readonly cursor: string | undefined;
      readonly maxBytes: number;
      readonly waitMs: number;
      readonly signal: AbortSignal;
    },
  ): Promise<ResultsPage>;
  /** What a file would take, without running it. */
  plan(tenant: string, asked: Pick<BatchAsked, "inputFileId" | "endpoint" | "models">): Promise<PlanReport>;
}
