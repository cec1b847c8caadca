/**
 * What one model does now, or all models together. Rates are of the last interval.
 * @example console.log(`${flow.generated_tokens_per_second} tokens/s, ${flow.waiting} waiting`);
 */
export interface LiveFlow {
  readonly prompt_tokens_per_second: number;
  readonly cached_tokens_per_second: number;
  readonly generated_tokens_per_second: number;
  /** That have ended, lines of batches included. */
  readonly requests_per_second: number;
  readonly failures_per_second: number;
  /** Requests and lines that have a slot. */
  readonly running: number;
  /** Requests that have none yet; lines of batches left out. */
  readonly waiting: number;
  /** Lines of batches that have no answer yet. */
  readonly lines_left: number;
  /** Null where nobody waits. */
  readonly oldest_wait_seconds: number | null;
  /** Of requests whose first token came in the last minute; null where there were none. */
  readonly first_token_p50_seconds: number | null;
  readonly first_token_p99_seconds: number | null;
}

/**
 * The cluster at one moment.
 * @example console.log(now.total.generated_tokens_per_second, now.workers["ready"]);
 */
export interface LiveNow {
  /** Unix seconds. */
  readonly at: number;
  readonly total: LiveFlow;
  readonly models: Readonly<Record<string, LiveFlow>>;
  /** How many, by state. */
  readonly workers: Readonly<Record<string, number>>;
  readonly slots: { readonly total: number; readonly used: number };
  /** Sums of what workers tell. */
  readonly vram: { readonly total_bytes: number; readonly ours_bytes: number; readonly others_bytes: number };
  /** Mean of the GPUs that tell; null where none does. */
  readonly gpu_utilization: number | null;
  readonly watts: number | null;
  /** How many are not over, by state: of the whole cluster. */
  readonly batches: Readonly<Record<string, number>>;
}

/**
 * A model on a worker, as lists show it.
 * @example const isBusy = replica.slots_used === replica.slots;
 */
export interface LiveReplica {
  readonly id: string;
  readonly model: string;
  readonly state: string;
  readonly slots: number;
  readonly slots_used: number;
  readonly decode_tokens_per_second: number | null;
  /** 0 where its engine does not tell. */
  readonly vram_bytes: number;
  /** 0 to 1 while it is fetched or loaded, else null. */
  readonly progress: number | null;
  /** What is wrong with it, for people; null: nothing. */
  readonly problem: string | null;
}

/**
 * A GPU as lists show it. Numbers are rounded so that they change only when there is something to see.
 * @example const freeBytes = gpu.vram_bytes - (gpu.ours_bytes ?? 0) - (gpu.others_bytes ?? 0);
 */
export interface LiveGpu {
  readonly name: string;
  readonly vram_bytes: number;
  readonly ours_bytes: number | null;
  readonly others_bytes: number | null;
  readonly utilization: number | null;
  readonly temperature_celsius: number | null;
  readonly watts: number | null;
}

/**
 * A worker as lists show it; `muster.workers.retrieve(id)` has the rest.
 * @example const isLent = worker.state === "ready";
 */
export interface LiveWorker {
  readonly id: string;
  readonly name: string;
  /** `joining`, `ready`, `away`, `draining` or `lost`. */
  readonly state: string;
  /** As `Worker.availability`. */
  readonly availability: { readonly state: string; readonly reason: string; readonly policy: string };
  readonly pool: string | null;
  readonly platform: string;
  readonly backend: string;
  readonly version: string;
  readonly gpus: readonly LiveGpu[];
  readonly cpu_load: number;
  readonly ram_bytes: number;
  readonly watts: number | null;
  readonly replicas: readonly LiveReplica[];
}

/**
 * A batch as lists show it.
 * @example const share = batch.completed / batch.total;
 */
export interface LiveBatch {
  readonly id: string;
  readonly status: string;
  readonly model: string | null;
  /** As its creator called it (`metadata.name`), else null. */
  readonly name: string | null;
  readonly total: number;
  readonly completed: number;
  readonly failed: number;
  /** Unix seconds; null: not known. */
  readonly created_at: number;
  readonly expected_end_at: number | null;
}

/**
 * Something that somebody should look at, with what to do.
 * @example for (const finding of findings) console.log(finding.says, finding.fix);
 */
export interface Finding {
  /** Names it, with its subject: `no_worker_for_model:gemma-4-e4b-it`. */
  readonly id: string;
  readonly severity: "problem" | "warning" | "note";
  /** What is so, in a sentence. */
  readonly says: string;
  /** What to do about it. */
  readonly fix: string | null;
  /** Unix seconds. */
  readonly since: number;
}

/**
 * What the live view sends. `workers` and `batches` first tell of all, then of those that have changed; `gone` are ids.
 * @example for await (const event of muster.live.watch()) if (event.kind === "now") console.log(event.data.total);
 */
export type LiveEvent =
  | { readonly kind: "hello"; readonly data: LiveHello }
  | { readonly kind: "now"; readonly data: LiveNow }
  | { readonly kind: "workers"; readonly data: LiveChanges<LiveWorker> }
  | { readonly kind: "batches"; readonly data: LiveChanges<LiveBatch> }
  | { readonly kind: "findings"; readonly data: readonly Finding[] };

/** Who speaks. */
export interface LiveHello {
  readonly version: string;
  readonly orchestrator_id: string;
  /** Unix seconds. */
  readonly started_at: number;
  /** Between two `now`. */
  readonly interval_seconds: number;
}

/** All rows (`is_full`), or those that are new or changed. */
export interface LiveChanges<Row> {
  readonly is_full: boolean;
  readonly data: readonly Row[];
  readonly gone: readonly string[];
}

/**
 * What happened in a span of time, one value for each step; null: nothing is known of it.
 * @example const peak = Math.max(...history.total.generated_tokens_per_second.map((value) => value ?? 0));
 */
export interface History {
  readonly object: "history";
  /** Unix seconds. */
  readonly since: number;
  readonly until: number;
  readonly step_seconds: number;
  /** Unix seconds: where each step begins. */
  readonly at: readonly number[];
  readonly total: HistoryFlow;
  readonly models: Readonly<Record<string, HistoryFlow>>;
  /** How many, by state. */
  readonly workers: Readonly<Record<string, HistoryValues>>;
  readonly slots_total: HistoryValues;
  readonly slots_used: HistoryValues;
  readonly vram_total_bytes: HistoryValues;
  readonly vram_ours_bytes: HistoryValues;
  readonly vram_others_bytes: HistoryValues;
  readonly gpu_utilization: HistoryValues;
  readonly watts: HistoryValues;
}

export type HistoryValues = readonly (number | null)[];

/** As `LiveFlow`, step by step. */
export interface HistoryFlow {
  readonly prompt_tokens_per_second: HistoryValues;
  readonly cached_tokens_per_second: HistoryValues;
  readonly generated_tokens_per_second: HistoryValues;
  readonly requests_per_second: HistoryValues;
  readonly failures_per_second: HistoryValues;
  readonly running: HistoryValues;
  readonly waiting: HistoryValues;
  readonly first_token_p50_seconds: HistoryValues;
  readonly first_token_p99_seconds: HistoryValues;
}

/**
 * Which span. Steps are chosen to give about `points`.
 * @example const query: HistoryQuery = { since: Date.now() / 1000 - 86_400 };
 */
export interface HistoryQuery {
  /** Unix seconds. Default: an hour ago. At most 30 days back. */
  readonly since?: number | undefined;
  /** Default: now. */
  readonly until?: number | undefined;
  /** At most 1,000. Default: 300. */
  readonly points?: number | undefined;
}

/**
 * A line of a log: constant words, and fields.
 * @example console.log(line.level, line.source, line.words, line.fields);
 */
export interface LogLine {
  /** Unix seconds, with a fraction. */
  readonly at: number;
  readonly level: "debug" | "info" | "warn" | "error";
  /** `orchestrator`, or the name of a worker. */
  readonly source: string;
  readonly words: string;
  /** What it is about: `requestId`, `traceId`, `workerId`, ... Never a prompt, an answer or a key. */
  readonly fields: Readonly<Record<string, unknown>>;
}

/**
 * Which lines.
 * @example const query: LogQuery = { level: "warn", source: "desk-1" };
 */
export interface LogQuery {
  /** This level and those above. Default: info. */
  readonly level?: LogLine["level"] | undefined;
  /** `orchestrator`, or the name of a worker. */
  readonly source?: string | undefined;
  /** Lines about this request, or this trace. */
  readonly request?: string | undefined;
  /** The newest so many: at most 2,000. Default: 200. */
  readonly limit?: number | undefined;
}

/**
 * Who has signed in to the dashboard.
 * @example const mayAdministrate = session.scopes.includes("admin");
 */
export interface DashboardSession {
  readonly object: "session";
  /** Nobody needs a key here: there is none, and only this machine is answered. */
  readonly is_open: boolean;
  readonly key_name: string;
  readonly tenant: string;
  readonly scopes: readonly string[];
  readonly version: string;
}
