export interface StoredModel {
  readonly path: string;
  readonly bytes: number;
  /** Hex; undefined for a file that the user named by path and that nobody vouches for. */
  readonly sha256: string | undefined;
}

export interface ModelProgress {
  readonly doneBytes: number;
  /** Undefined where the server does not say. */
  readonly totalBytes: number | undefined;
}

/** What a file must be; what is undefined may be anything. */
export interface ExpectedFile {
  /** Hex. */
  readonly sha256?: string | undefined;
  readonly bytes?: number | undefined;
}

/** Model files on this machine, fetched when they are missing. */
export interface ModelStore {
  /**
   * Makes sure that the model behind `uri` is on disk, whole and checked. `uri` is a path, `file:`, `https:` or `hf:owner/repo/file.gguf`.
   * Throws MusterError `model_load_failed` that says what, where and what to do; or `cancelled`.
   */
  ensure(
    uri: string,
    options: {
      readonly signal: AbortSignal;
      readonly onProgress: (progress: ModelProgress) => void;
      /** A file that differs is not given out, also one that is there. Of several files: the sum, and the first one's hash. */
      readonly expected?: ExpectedFile | undefined;
    },
  ): Promise<StoredModel>;
}
