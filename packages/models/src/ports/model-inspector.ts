import type { GgufHeader } from "../core/gguf-header.ts";

/** What a model file says of itself, and whoever keeps it. */
export interface InspectedModel {
  /** As `formatModelUri` writes it. */
  readonly uri: string;
  /** Of all its parts. */
  readonly bytes: number;
  /** Hex, of a file of one part; undefined where nobody vouches for it. */
  readonly sha256: string | undefined;
  readonly header: GgufHeader;
  /** Headers of its other parts, for a model that is cut into several. */
  readonly parts: readonly GgufHeader[];
}

/** Looks at model files where they lie, without fetching them: as much as their headers take. */
export interface ModelInspector {
  /**
   * Throws MusterError `invalid_request` for what names no file, `model_load_failed` for one that is missing, out of
   * reach or no GGUF file, saying what to do; or `cancelled`.
   */
  inspect(uri: string, signal: AbortSignal): Promise<InspectedModel>;
}
