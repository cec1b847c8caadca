/** What is asked of somebody who has the file. */
export interface BlobAsk {
  readonly source: string;
  readonly sha256: string | undefined;
  /** Where to begin. */
  readonly offset: number;
}

export interface BlobFlow {
  /** Of the whole file; undefined where it is not known yet. */
  readonly totalBytes: number | undefined;
  /** Hex; undefined where nobody vouches for it yet. */
  readonly sha256: string | undefined;
  /**
   * The bytes from the offset on, in order. An empty piece is a sign of life. Throws MusterError for what another try
   * does not help against, any other error for what it may.
   */
  pieces(): AsyncIterable<Uint8Array>;
  /** Of the whole file, once all pieces have come. */
  finalSha256(): string | undefined;
  /** Nobody wants the rest. */
  close(): void;
}

/** Model files from a machine nearby that has them, or gets them for everybody. */
export interface BlobFeed {
  /**
   * Throws MusterError (`not_found`: it does not offer this file; `unsupported`: it has no files at all;
   * `model_load_failed`: it cannot get it; `queue_full`: not now) or any other error, which may pass.
   */
  open(ask: BlobAsk, signal: AbortSignal): Promise<BlobFlow>;
}
