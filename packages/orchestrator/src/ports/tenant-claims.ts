/** What tenants have together that is counted: lines of batches that are not over, bytes of their files. */
export type ClaimPool = "batch-lines" | "stored-bytes";

export interface ClaimsOf {
  readonly pool: ClaimPool;
  readonly tenant: string;
}

export type ClaimAnswer =
  | { readonly kind: "claimed" }
  /** The others of the tenant have so much; nothing has changed. */
  | { readonly kind: "refused"; readonly others: number }
  /** The store has not heard of this tenant lately: it is to be filled, and asked again. Nothing has changed. */
  | { readonly kind: "unknown" };

/**
 * What the batches and files of each tenant take, counted once for all orchestrators: an index that can be filled from
 * the records at any time. All methods throw `store_unavailable`.
 */
export interface TenantClaims {
  /**
   * Sets what `name` takes, if all of the tenant's together then take no more than `limit`; what does not grow is never
   * refused. Without a limit it is set whether or not the tenant is known.
   */
  claim(of: ClaimsOf & { readonly name: string }, amount: number, limit?: number): Promise<ClaimAnswer>;
  /** Without effect for one that takes nothing. */
  release(of: ClaimsOf & { readonly name: string }): Promise<void>;
  /**
   * What the records say, read within the last `tookMs`. What they do not have goes, unless it was claimed so lately
   * that its record may not have been there yet.
   */
  fill(of: ClaimsOf, records: ReadonlyMap<string, number>, tookMs: number): Promise<void>;
  close(): Promise<void>;
}
