import type { ExpectedFile } from "@muster/models";

/** One model as files: a URI that names it, and what is known of it. */
export interface FindableModel extends ExpectedFile {
  /** As `parseModelUri` reads it. */
  readonly uri: string;
}

/** What the mirror needs to know of models: their names, and which files they consist of. */
export interface ModelFinder {
  /** What a name stands for, the best first; several where a model has more than one file. Empty: there is no such model. */
  find(name: string): readonly FindableModel[];
  /** What a file must be, by its URI as `formatModelUri` writes it; undefined: no model has it. */
  fileOf(uri: string): ExpectedFile | undefined;
  /** The URI that a file with this content stands for. */
  match(file: { readonly sha256: string; readonly bytes: number; readonly name: string }): string | undefined;
}
