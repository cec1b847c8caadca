import type { Limits } from "../core/access/principal.ts";

/** What has kept a request out. */
export const quotaLimits = [
  "requests_per_minute",
  "tokens_per_minute",
  "concurrency",
  "tokens_per_month",
  "batch_lines",
  "stored_bytes",
] as const;
export type QuotaLimit = (typeof quotaLimits)[number];

/** A limit of a minute as it stands. */
export interface QuotaWindow {
  readonly limit: number;
  readonly remaining: number;
  /** Until all of it is there again, if nobody takes any. */
  readonly resetMs: number;
}

/** Undefined where the key has no such limit. */
export interface QuotaView {
  readonly requests: QuotaWindow | undefined;
  readonly tokens: QuotaWindow | undefined;
}

export interface QuotaAsk {
  readonly keyId: string;
  readonly limits: Limits;
  /** Of the request; unique. */
  readonly leaseId: string;
  /** What it is expected to take; a whole number. */
  readonly tokens: number;
}

export type Admission =
  | { readonly kind: "admitted"; readonly view: QuotaView }
  | {
      readonly kind: "refused";
      readonly by: Extract<
        QuotaLimit,
        "requests_per_minute" | "tokens_per_minute" | "concurrency" | "tokens_per_month"
      >;
      /** When to come back; of the month: when it turns is for the caller to know. */
      readonly retryAfterMs: number;
      /** Of the month: what is used up or reserved of it. Else 0. */
      readonly used: number;
      readonly view: QuotaView;
    }
  /** The store has no count of this month's tokens: it is to be filled, and asked again. Nothing was taken. */
  | { readonly kind: "month-unknown"; readonly month: string };

/** A request that is under way. */
export interface QuotaLease {
  readonly keyId: string;
  readonly leaseId: string;
  readonly tokens: number;
}

/**
 * What keys have taken of their limits, counted once for all orchestrators by the store's own clock. All methods throw
 * `store_unavailable`.
 */
export interface Quota {
  /**
   * Takes one request, its tokens and its place among those under way: all, or nothing where one limit refuses. What
   * was taken ends by itself a minute after the last `renew`.
   */
  admit(ask: QuotaAsk): Promise<Admission>;
  /**
   * A request is over and has taken `usedTokens`: the difference to what was reserved is given back, or owed. Without
   * effect (false) for one that is not under way: settling twice counts once.
   */
  settle(ask: QuotaLease & { readonly limits: Limits }, usedTokens: number): Promise<boolean>;
  /** These are still under way. */
  renew(leases: readonly QuotaLease[]): Promise<void>;
  /** Adds to this month's tokens what needed no admission: lines of batches. Without effect while they are unknown. */
  count(keyId: string, tokens: number): Promise<void>;
  /** What this month has taken, without what is reserved. */
  month(keyId: string): Promise<{ readonly month: string; readonly used: number | undefined }>;
  /** Sets this month's tokens where they are unknown; without effect where they are known, or it is another month. */
  fillMonth(keyId: string, month: string, tokens: number): Promise<void>;
  close(): Promise<void>;
}
