import type { OutageOptions } from "../outage.ts";
import type { BatchEndpoint } from "./batch-lines.ts";

/**
 * The word for how far a batch is. `finalizing`: all is computed, the files are being written.
 * @example const isRunning = batch.status === "in_progress";
 */
export type BatchStatus =
  | "validating"
  | "failed"
  | "in_progress"
  | "finalizing"
  | "completed"
  | "expired"
  | "cancelling"
  | "cancelled";

/**
 * Something wrong with the input file.
 * @example for (const { line, message } of batch.errors?.data ?? []) console.warn(`line ${line}: ${message}`);
 */
export interface BatchInputError {
  readonly code: string;
  readonly message: string;
  readonly param?: string | null;
  /** From 1; null where it is about the file. */
  readonly line?: number | null;
}

/**
 * When a batch should be done.
 * @example const leftMs = (forecast.finish_at ?? Number.NaN) * 1_000 - Date.now();
 */
export interface BatchForecast {
  /** Unix seconds; null while nobody can tell. */
  readonly finish_at: number | null;
  readonly lines_per_second: number | null;
  readonly tokens_per_second: number | null;
  readonly remaining_lines: number;
}

/**
 * What OpenAI's batches have no field for.
 * @example const { completed, failed, total } = batch.muster.progress;
 */
export interface BatchExtras {
  readonly priority: "low" | "normal" | "high";
  readonly paused: boolean;
  readonly progress: {
    readonly completed: number;
    readonly failed: number;
    readonly total: number;
    /** Answered from the result cache; among those completed. */
    readonly cached: number;
  };
  readonly forecast: BatchForecast | null;
  /** The models of the lines; none while it is validated. */
  readonly models?: readonly { readonly model: string; readonly lines: number }[];
  readonly provenance?: boolean;
  readonly provenance_file_id: string | null;
  readonly result_cache: boolean;
  readonly webhook_url?: string | null;
  /** What keeps the server from going on with it; null where nothing does. */
  readonly waits_for?: string | null;
  /** How many errors the input has; `errors` names the first. */
  readonly error_count?: number;
}

/**
 * Tokens that the lines of a batch took.
 * @example const { input_tokens, output_tokens } = batch.usage;
 */
export interface BatchUsage {
  readonly input_tokens: number;
  readonly output_tokens: number;
  readonly total_tokens: number;
  readonly input_tokens_details?: { readonly cached_tokens?: number };
  readonly output_tokens_details?: { readonly reasoning_tokens?: number };
}

/**
 * Many requests that the server works through on its own. Times are Unix seconds; null until they come.
 * @example if (batch.status === "completed") console.log(batch.request_counts, batch.output_file_id);
 */
export interface Batch {
  readonly id: string;
  readonly object: "batch";
  readonly endpoint: BatchEndpoint;
  readonly model?: string | null;
  readonly status: BatchStatus;
  readonly errors?: { readonly object: "list"; readonly data: readonly BatchInputError[] } | null;
  readonly input_file_id: string;
  readonly completion_window: string;
  /** Answers, in the order of the input; null where every line failed. */
  readonly output_file_id?: string | null;
  /** Lines that failed or never ran; null where there are none. */
  readonly error_file_id?: string | null;
  readonly created_at: number;
  readonly in_progress_at?: number | null;
  readonly expires_at?: number | null;
  readonly finalizing_at?: number | null;
  readonly completed_at?: number | null;
  readonly failed_at?: number | null;
  readonly expired_at?: number | null;
  readonly cancelling_at?: number | null;
  readonly cancelled_at?: number | null;
  /** Zeros while it is validated. */
  readonly request_counts: { readonly total: number; readonly completed: number; readonly failed: number };
  readonly usage?: BatchUsage | null;
  readonly metadata?: Readonly<Record<string, string>> | null;
  readonly muster: BatchExtras;
}

/**
 * How a batch shall run.
 * @example const settings: BatchSettings = { endpoint: "/v1/embeddings", completion_window: "7d" };
 */
export interface BatchSettings<E extends BatchEndpoint = BatchEndpoint> {
  readonly endpoint: E;
  /** From `1h` to `7d`; what is not done by then never runs. Default: `24h`. */
  readonly completion_window?: string | undefined;
  /** At most 16 pairs. */
  readonly metadata?: Readonly<Record<string, string>> | undefined;
  /** How long the files of results are kept. */
  readonly output_expires_after?: { readonly anchor: "created_at"; readonly seconds: number } | undefined;
  readonly muster?:
    | {
        readonly priority?: "low" | "normal" | "high" | undefined;
        /** Writes a file that says where each answer came from. */
        readonly provenance?: boolean | undefined;
        /** Answers the same deterministic line once. */
        readonly result_cache?: boolean | undefined;
        /** Told of each change of status. */
        readonly webhook_url?: string | undefined;
      }
    | undefined;
}

/**
 * What `batches.create` takes.
 * @example const request: BatchRequest = { input_file_id: file.id, endpoint: "/v1/chat/completions" };
 */
export interface BatchRequest<E extends BatchEndpoint = BatchEndpoint> extends BatchSettings<E> {
  readonly input_file_id: string;
}

/**
 * What `batches.submit` and `batches.run` take besides the lines.
 * @example const submission: BatchSubmission<"/v1/embeddings"> = { endpoint: "/v1/embeddings", model };
 */
export interface BatchSubmission<E extends BatchEndpoint> extends BatchSettings<E> {
  /** For lines that name none. */
  readonly model?: string | undefined;
  /** What the input file is called. */
  readonly filename?: string | undefined;
}

/**
 * What a batch would be, before it is one.
 * @example if (plan.errors.total === 0) console.log(`${plan.lines} lines, ${plan.hours ?? "?"} hours`);
 */
export interface BatchPlan {
  readonly object: "batch.plan";
  readonly lines: number;
  readonly errors: { readonly data: readonly BatchInputError[]; readonly total: number };
  readonly models: readonly {
    readonly model: string;
    readonly lines: number;
    readonly estimated_prompt_tokens: number;
    readonly max_completion_tokens: number;
    /** Lines that no worker's context can hold: the first of them. */
    readonly too_long_lines: readonly number[];
    readonly too_long_count?: number;
    readonly workers: readonly { readonly name: string; readonly slots: number }[];
    readonly hours: number | null;
  }[];
  /** Null where nobody can tell: no worker for it, or none that was measured. */
  readonly hours: number | null;
}

/**
 * How to follow a batch.
 * @example const options: FollowOptions = { onProgress: ({ muster }) => draw(muster.progress) };
 */
export interface FollowOptions extends OutageOptions {
  /** Gets the batch as it is, again and again, and at its end. */
  readonly onProgress?: ((batch: Batch) => void) | undefined;
  readonly headers?: Readonly<Record<string, string>> | undefined;
}

/** Whether nothing will happen to a batch any more. */
export function isOver(status: string): boolean {
  return status === "completed" || status === "failed" || status === "expired" || status === "cancelled";
}
