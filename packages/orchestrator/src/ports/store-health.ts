/** How the store of lanes, ledgers and limits is. */
export interface StoreLook {
  readonly usedBytes: number;
  /** Undefined: it has no limit. */
  readonly maxBytes: number | undefined;
  /** What it does when its memory is full; undefined: it does not say. */
  readonly policy: string | undefined;
  readonly latencySeconds: number;
}

export interface StoreHealth {
  /** Undefined where it does not answer. Never rejects. */
  look(): Promise<StoreLook | undefined>;
  close(): void;
}
