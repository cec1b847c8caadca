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

/** Model files on this machine, fetched when they are missing. */
export interface ModelStore {
  /**
   * Makes sure that the model behind `uri` is on disk, whole and checked. `uri` is a path, `file:`, `https:` or `hf:owner/repo/file.gguf`.
   * Throws MusterError `model_load_failed` that says what, where and what to do; or `cancelled`.
   */
  ensure(
    uri: string,
    options: { readonly signal: AbortSignal; readonly onProgress: (progress: ModelProgress) => void },
  ): Promise<StoredModel>;
}
