import type { ModelFileStore, ModelShelf } from "@muster/models";

/** An open file, finished or growing. */
export interface OpenBlob {
  /** Fewer bytes than asked for where there are no more yet; none at the end. */
  read(at: number, length: number): Promise<Uint8Array>;
  close(): Promise<void>;
}

/** The model files that this orchestrator keeps for its workers. */
export interface BlobSource {
  readonly files: ModelFileStore;
  readonly shelf: ModelShelf;
  /** Undefined where there is no such file (any more). */
  open(path: string): Promise<OpenBlob | undefined>;
}
