import { modelSources } from "../part-uris.ts";
import { embeddingGemma } from "./families/embedding-gemma.ts";
import { gemma3 } from "./families/gemma-3.ts";
import { gemma4 } from "./families/gemma-4.ts";
import { gptOss } from "./families/gpt-oss.ts";
import { llama3 } from "./families/llama-3.ts";
import { qwen3 } from "./families/qwen-3.ts";
import { rerankers } from "./families/rerankers.ts";
import { tiny } from "./families/tiny.ts";
import type { ModelEntry, ModelVariant } from "./model-entry.ts";

/** What Muster knows by name without asking anybody. */
export const builtInCatalogue: readonly ModelEntry[] = [
  ...gemma4,
  ...gemma3,
  ...qwen3,
  ...llama3,
  ...gptOss,
  ...embeddingGemma,
  ...rerankers,
  ...tiny,
];

export interface FoundModel {
  readonly entry: ModelEntry;
  /** Set where the name says which file. */
  readonly variant: ModelVariant | undefined;
}

/**
 * The entry of a name: its id or an alias, whatever the case, and after a colon the variant (`gemma-4-e4b-it:q8_0`). A
 * name that is an alias as it stands counts as one, colon or not.
 */
export function findModel(entries: readonly ModelEntry[], name: string): FoundModel | undefined {
  const wanted = name.toLowerCase();
  const whole = entryNamed(entries, wanted);
  if (whole !== undefined) return { entry: whole, variant: undefined };
  const colon = wanted.lastIndexOf(":");
  if (colon === -1) return undefined;
  const entry = entryNamed(entries, wanted.slice(0, colon));
  const variant = entry?.variants.find(({ id }) => id === wanted.slice(colon + 1));
  return entry === undefined || variant === undefined ? undefined : { entry, variant };
}

/** The model that has this file, whoever wrote its URI. */
export function entryOfFile(entries: readonly ModelEntry[], uri: string): ModelEntry | undefined {
  const wanted = filesOf(uri);
  return entries.find(({ variants }) =>
    variants.some((variant) => filesOf(variant.uri).some((file) => wanted.includes(file))),
  );
}

/** What comes with Muster is no file that is fetched. */
function filesOf(uri: string): readonly string[] {
  const sources = modelSources(uri);
  return sources.length > 0 ? sources : [uri.trim()];
}

/** The models of each family, the smallest first. */
export function familiesOf(entries: readonly ModelEntry[]): ReadonlyMap<string, readonly ModelEntry[]> {
  const families = new Map<string, ModelEntry[]>();
  for (const entry of entries) {
    const members = families.get(entry.family);
    if (members === undefined) families.set(entry.family, [entry]);
    else members.push(entry);
  }
  for (const members of families.values()) members.sort((a, b) => a.rank - b.rank);
  return families;
}

/** Ids come first: no alias takes a model's name away. */
function entryNamed(entries: readonly ModelEntry[], name: string): ModelEntry | undefined {
  return entries.find(({ id }) => id === name) ?? entries.find(({ aliases }) => aliases?.includes(name));
}
