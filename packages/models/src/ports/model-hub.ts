import type { HubFileName } from "../core/model-uri.ts";

export interface HubFile {
  readonly url: string;
  /** For the download; the hub's own origin alone may see it. */
  readonly token: string | undefined;
  /** Hex; undefined for files that the hub keeps no checksum of. */
  readonly sha256: string | undefined;
  readonly bytes: number | undefined;
  /** The commit that the revision stands for today. */
  readonly commit: string | undefined;
}

/** Knows where the files of model repositories are, and how to tell that they arrived whole. */
export interface ModelHub {
  /**
   * Asks the hub about one file. Throws MusterError `model_load_failed` that says whether it is missing, gated or out
   * of reach; or `cancelled`.
   */
  locate(file: HubFileName, signal: AbortSignal): Promise<HubFile>;
}
