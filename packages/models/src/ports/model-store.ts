import type { PartState } from "./model-download.ts";

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

/** As `ModelStore`, one file at a time, for whoever passes files on. */
export interface ModelFileStore {
  /** What is on disk, whole and checked, without asking anybody. Throws `invalid_request` for what is never kept. */
  find(
    uri: string,
    expected: ExpectedFile | undefined,
    signal: AbortSignal,
  ): Promise<StoredModel | undefined>;
  /** As `ModelStore.ensure`. */
  fetch(
    uri: string,
    options: {
      readonly signal: AbortSignal;
      readonly expected: ExpectedFile | undefined;
      readonly onProgress: (progress: ModelProgress) => void;
      readonly onPart: (state: PartState) => void;
    },
  ): Promise<StoredModel>;
  /** Takes a file in as it comes, under the URI that `name` gives it once it is whole. */
  receive(
    chunks: AsyncIterable<Uint8Array>,
    options: {
      readonly expected: ExpectedFile | undefined;
      readonly signal: AbortSignal;
      readonly name: (file: { readonly bytes: number; readonly sha256: string }) => string;
    },
  ): Promise<StoredModel & { readonly uri: string }>;
}
