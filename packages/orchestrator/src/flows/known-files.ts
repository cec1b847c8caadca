import { type ExpectedFile, isOwnAddress, modelSources } from "@muster/models";

/** What is ordered or asked for beside the catalogue, remembered up to this many files. */
const maxFiles = 2_000;

export interface OrderedFile {
  readonly uri: string;
  readonly sha256?: string | undefined;
  readonly bytes?: number | undefined;
}

/** Files that this orchestrator has told workers to load or fetch: these the mirror gets for whoever asks. */
export class KnownFiles {
  readonly #files = new Map<string, ExpectedFile>();

  /** Every file of the model that `uri` names by one; what is no file of a hub is left out. */
  note({ uri, sha256, bytes }: OrderedFile): void {
    // Meant for the worker's own machine: here it would be another one.
    if (isOwnAddress(uri.trim())) return;
    const sources = modelSources(uri);
    for (const [at, source] of sources.entries()) {
      this.#files.delete(source);
      // The length is that of all files together.
      this.#files.set(source, {
        sha256: at === 0 ? sha256 : undefined,
        bytes: sources.length === 1 ? bytes : undefined,
      });
    }
    for (const oldest of this.#files.keys()) {
      if (this.#files.size <= maxFiles) break;
      this.#files.delete(oldest);
    }
  }

  find(uri: string): ExpectedFile | undefined {
    return this.#files.get(uri);
  }
}
