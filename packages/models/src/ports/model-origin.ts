import type { FetchedUri } from "../core/model-uri.ts";
import type { DownloadedFile, DownloadTarget } from "./model-download.ts";

/** One file that is to be had from somewhere. */
export interface WantedFile {
  readonly uri: FetchedUri;
  /** As `formatModelUri` writes it. */
  readonly source: string;
  /** What it must be, where the asker knows: hex, and its length. */
  readonly sha256: string | undefined;
  readonly bytes: number | undefined;
}

export interface LocatedFile {
  readonly sha256: string | undefined;
  readonly bytes: number | undefined;
  /** Of the hub's repository, where there is one. */
  readonly commit: string | undefined;
  /** As `ModelDownload.fetch`. */
  fetch(target: DownloadTarget): Promise<DownloadedFile>;
}

/** Where missing model files come from. */
export interface ModelOrigin {
  /**
   * Asks about one file. Throws MusterError: `not_found` where this origin does not offer it, `model_load_failed` that
   * says what, where and what to do; or `cancelled`.
   */
  locate(file: WantedFile, signal: AbortSignal): Promise<LocatedFile>;
}
