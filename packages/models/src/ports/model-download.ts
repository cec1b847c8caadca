import type { ModelProgress } from "./model-store.ts";

export interface DownloadRequest {
  readonly url: string;
  /** Where the file goes; its folder must exist. Unfinished bytes wait beside it, in `<target>.part`. */
  readonly target: string;
  /** Sent to the URL's own origin only, never to where it redirects. */
  readonly token: string | undefined;
  /** Hex; undefined where nobody published one. */
  readonly sha256: string | undefined;
  readonly bytes: number | undefined;
  readonly signal: AbortSignal;
  readonly onProgress: (progress: ModelProgress) => void;
  /** Looks at the whole file before it gets its name; what it throws ends the download and discards the file. */
  readonly inspect: (path: string) => Promise<void>;
}

export interface DownloadedFile {
  readonly bytes: number;
  readonly sha256: string;
}

/** Fetches files whole or not at all. */
export interface ModelDownload {
  /**
   * Puts the file of `url` at `target`, replacing what is there, and continues an earlier try where it stopped. Safe
   * to run for one target from several processes: one fetches, the others wait and take its file.
   * Throws MusterError `model_load_failed` that says what, where and what to do; or `cancelled`.
   */
  fetch(request: DownloadRequest): Promise<DownloadedFile>;
}
