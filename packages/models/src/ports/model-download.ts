import type { ModelProgress } from "./model-store.ts";

/** Unfinished bytes on their way to disk: for whoever reads along. */
export interface PartState {
  readonly path: string;
  readonly doneBytes: number;
  readonly totalBytes: number | undefined;
  /** Hex; undefined where nobody has announced one. */
  readonly sha256: string | undefined;
  /** Counts up each time that the bytes are thrown away: those read before may be of another file. */
  readonly generation: number;
}

/** Where a file goes, and who is told. */
export interface DownloadTarget {
  /** Its folder must exist. Unfinished bytes wait beside it, in `<target>.part`. */
  readonly target: string;
  readonly signal: AbortSignal;
  readonly onProgress: (progress: ModelProgress) => void;
  /** Looks at the whole file before it gets its name; what it throws ends the download and discards the file. */
  readonly inspect: (path: string) => Promise<void>;
  /** Told of each change of the unfinished bytes, at once. */
  readonly onPart?: ((state: PartState) => void) | undefined;
  /** Called when the length is known, before more bytes are written; what it throws ends the download. */
  readonly makeRoom?: ((totalBytes: number) => Promise<void>) | undefined;
}

export interface DownloadRequest extends DownloadTarget {
  readonly url: string;
  /** Sent to the URL's own origin only, never to where it redirects. */
  readonly token: string | undefined;
  /** Hex; undefined where nobody published one. */
  readonly sha256: string | undefined;
  readonly bytes: number | undefined;
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
