import type { PartState } from "./model-download.ts";
import type { ExpectedFile, ModelProgress, StoredModel } from "./model-store.ts";

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
