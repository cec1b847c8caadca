import {
  type ExpectedFile,
  type GoldenPrompt,
  type ModelEntry,
  type ModelVariant,
  modelSources,
  tinyGemmaGolden,
  tinyGemmaSha256,
} from "@muster/models";
import type { Replica } from "../../core/fleet/worker.ts";
import type { FindableModel, ModelFinder } from "../../ports/model-finder.ts";
import type { ModelCatalogue } from "./model-catalogue.ts";

type Listed = Pick<ModelCatalogue, "entries" | "find" | "pinOf">;

/**
 * The catalogue's models as files.
 * @param preferred which variant most workers would load; undefined: nobody can say
 */
export function createModelFinder(
  catalogue: Listed,
  preferred: (modelId: string) => string | undefined,
): ModelFinder {
  let seen: readonly ModelEntry[] | undefined;
  let files: ReadonlyMap<string, ExpectedFile> = new Map();
  const filesNow = () => {
    const entries = catalogue.entries();
    if (entries !== seen) files = filesOf(entries);
    seen = entries;
    return files;
  };
  return {
    find(name) {
      const found = catalogue.find(name);
      if (found === undefined) return [];
      if (found.variant !== undefined) return [findable(found.variant)];
      const first = preferred(found.entry.id);
      const { variants } = found.entry;
      const inOrder = [...variants].sort((a, b) => Number(b.id === first) - Number(a.id === first));
      return inOrder.map(findable);
    },
    fileOf: (uri) => filesNow().get(uri),
    match({ sha256, bytes, name }) {
      for (const { variants } of catalogue.entries()) {
        for (const variant of variants) {
          const isSame =
            variant.sha256 === undefined
              ? variant.bytes === bytes && variant.uri.endsWith(`/${name}`)
              : variant.sha256 === sha256;
          if (isSame) return variant.uri;
        }
      }
      return undefined;
    },
  };
}

/** Whether a file is one that a pinned model may need. */
export function isPinnedFile(catalogue: Listed, source: string): boolean {
  return catalogue
    .entries()
    .some(
      ({ id, variants }) =>
        catalogue.pinOf(id) !== undefined &&
        variants.some(({ uri, projector }) =>
          [uri, ...(projector === undefined ? [] : [projector.uri])].some((each) =>
            modelSources(each).includes(source),
          ),
        ),
    );
}

/** What a replica must know, if its file is one of the catalogue's; a name alone says nothing of a file. */
export function goldenOf(catalogue: Listed, replica: Replica): readonly GoldenPrompt[] {
  const { modelSha256, modelUri } = replica;
  if (modelSha256 === tinyGemmaSha256 || modelUri === "builtin:tiny-gemma") return tinyGemmaGolden;
  const entry = catalogue
    .entries()
    .find(({ variants }) =>
      variants.some(
        ({ uri, sha256 }) => uri === modelUri || (sha256 !== undefined && sha256 === modelSha256),
      ),
    );
  return entry?.golden ?? [];
}

function findable({ uri, sha256, bytes }: ModelVariant): FindableModel {
  return { uri, sha256, bytes };
}

function filesOf(entries: readonly ModelEntry[]): ReadonlyMap<string, ExpectedFile> {
  const files = new Map<string, ExpectedFile>();
  const note = (uri: string, known: ExpectedFile) => {
    const sources = modelSources(uri);
    for (const source of sources) files.set(source, sources.length === 1 ? known : {});
  };
  for (const { uri, sha256, bytes, projector } of entries.flatMap(({ variants }) => variants)) {
    note(uri, { sha256, bytes });
    if (projector !== undefined) note(projector.uri, { bytes: projector.bytes });
  }
  return files;
}
