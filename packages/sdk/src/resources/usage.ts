import type { RequestOptions, Transport } from "../http.ts";
import { withQuery } from "../query.ts";
import type { ResponseInfo } from "../response-info.ts";

/**
 * What usage can be told by.
 * @example const by: UsageDimension[] = ["key", "day"];
 */
export type UsageDimension = "key" | "tenant" | "model" | "day" | "class";

/**
 * What is to be told. Days are in UTC, both included.
 * @example const query: UsageQuery = { by: ["model"], since: "2026-11-01", until: "2026-11-30" };
 */
export interface UsageQuery {
  /** Default: by key. */
  readonly by?: readonly UsageDimension[] | undefined;
  /** Default: 29 days before `until`. */
  readonly since?: string | undefined;
  /** Default: today. */
  readonly until?: string | undefined;
  /** The id of a key: only its usage. */
  readonly key?: string | undefined;
  readonly model?: string | undefined;
}

/**
 * What was taken.
 * @example const perRequest = total.total_tokens / total.requests;
 */
export interface UsageCounts {
  /** Requests, and lines of batches; those that failed included. */
  readonly requests: number;
  readonly failed_requests: number;
  readonly prompt_tokens: number;
  /** Of the prompt tokens, those that a worker had in its cache. */
  readonly cached_tokens: number;
  readonly completion_tokens: number;
  readonly total_tokens: number;
  /** Time on workers, of attempts that came to nothing as well. */
  readonly worker_seconds: number;
  /** Null where no worker could tell what it draws. */
  readonly watt_hours: number | null;
  /** Of the electricity; null where no price is set. */
  readonly cost: number | null;
}

/**
 * One row, with the names that were asked for.
 * @example const busiest = report.data.find((row) => row.key === "key-1" && row.class === "batch");
 */
export interface UsageRow extends UsageCounts {
  readonly key?: string;
  /** As people call the key, where rows are by key; null: nobody knows it any more. */
  readonly key_name?: string | null;
  readonly tenant?: string;
  readonly model?: string;
  readonly day?: string;
  /** `interactive`, or `batch` for lines of batches. */
  readonly class?: string;
}

/**
 * Usage, by what was asked for.
 * @example for (const row of report.data) console.log(row.key, row.total_tokens);
 */
export interface UsageReport {
  readonly object: "usage";
  readonly since: string;
  readonly until: string;
  readonly by: readonly UsageDimension[];
  readonly data: readonly UsageRow[];
  readonly total: UsageCounts;
}

/**
 * `muster.usage`: what keys have taken.
 * @example const { total } = await muster.usage.retrieve();
 */
export interface UsageResource {
  /**
   * Sums of requests, tokens, time and energy. Whoever is no administrator sees those of their own tenant.
   * @example const { data } = await muster.usage.retrieve({ by: ["key", "model"], since: "2026-11-01" });
   */
  retrieve(query?: UsageQuery, options?: RequestOptions): Promise<UsageReport & ResponseInfo>;
}

export function createUsage(transport: Transport): UsageResource {
  return {
    retrieve: ({ by, ...query } = {}, options) =>
      transport.json<UsageReport>({
        method: "GET",
        path: withQuery("/cluster/v1/usage", { ...query, by: by?.join(",") }),
        options,
      }),
  };
}
