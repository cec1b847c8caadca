import { existsSync } from "node:fs";
import { MusterError } from "@muster/base";
import type { ModelEntry, VariantChoice } from "@muster/models";
import type { FreeMemory } from "@muster/worker";
import { formatBytes } from "./format.ts";

/** What a worker is told to serve, as `muster worker` and `muster up` take it. */
export interface ModelArgument {
  readonly uri: string;
  /** Undefined: taken from the file's name. */
  readonly name: string | undefined;
  /** As they fit here; undefined: the worker's own. */
  readonly slots?: number;
  readonly contextTokens?: number;
  /** Which file was chosen, and why; undefined: there was nothing to choose. */
  readonly says?: string;
}

export interface ModelArgumentOptions {
  /** The name that the owner wants it served under. */
  readonly name: string | undefined;
  readonly slots: number;
  /** Undefined: the model's. */
  readonly contextTokens: number | undefined;
  /** Asked only where there is a choice: it takes a moment. */
  readonly freeMemory: () => Promise<FreeMemory>;
}

/** Less is of little use to people. */
const leastContextTokens = 2_048;
const schemes = /^(?:file|https?|hf|openai|local|stub|builtin):/i;

/**
 * A URI or a path as it stands, or a name of the catalogue: with a variant (`gemma-4-e4b-it:q8_0`) that file, else the best
 * one that fits here. Throws MusterError `invalid_request` that lists near names for one that is not known.
 */
export async function modelArgument(text: string, options: ModelArgumentOptions): Promise<ModelArgument> {
  const { builtInCatalogue, entryOfFile, findModel } = await import("@muster/models");
  const wanted = text.trim();
  const asFile = () => ({ uri: wanted, name: options.name ?? entryOfFile(builtInCatalogue, wanted)?.id });
  if (schemes.test(wanted)) return asFile();
  const found = findModel(builtInCatalogue, wanted) ?? looselyNamed(builtInCatalogue, wanted);
  if (found === undefined) {
    if (/[/\\]|\.gguf$/i.test(wanted) || existsSync(wanted)) return asFile();
    throw await unknownName(wanted);
  }
  const { entry, variant = onlyOne(entry) } = found;
  const name = options.name ?? entry.id;
  return variant === undefined ? await fitting(entry, name, options) : { uri: variant.uri, name };
}

function onlyOne({ variants }: ModelEntry) {
  return variants.length === 1 ? variants[0] : undefined;
}

/** `q4_0` where the only file of that form is called `qat-q4_0`. */
function looselyNamed(entries: readonly ModelEntry[], text: string) {
  const [, name, form] = /^(.+):([^:]+)$/.exec(text.toLowerCase()) ?? [];
  if (name === undefined) return undefined;
  const entry = entries.find(({ id, aliases }) => id === name || aliases?.includes(name));
  const [variant, ...others] = entry?.variants.filter(({ id }) => id.endsWith(`-${form}`)) ?? [];
  return entry === undefined || variant === undefined || others.length > 0 ? undefined : { entry, variant };
}

async function fitting(
  entry: ModelEntry,
  name: string,
  { slots, contextTokens = entry.contextTokens, freeMemory }: ModelArgumentOptions,
): Promise<ModelArgument> {
  const { chooseVariant } = await import("@muster/models");
  const free = await freeMemory();
  const choice = chooseVariant(entry, {
    ...{ ...free, gpus: Math.max(1, free.gpus), slots, contextTokens },
    leastContextTokens: Math.min(leastContextTokens, contextTokens),
  });
  const { uri } = choice.variant;
  const says = wordsFor(entry, choice, free);
  if (choice.fit.kind === "none") return { uri, name, says };
  const { shape } = choice.fit;
  return { uri, name, slots: shape.slots, contextTokens: shape.contextTokens, says };
}

function wordsFor(entry: ModelEntry, { variant, fit, tooLarge }: VariantChoice, free: FreeMemory): string {
  const size = variant.bytes === undefined ? "" : ` (${formatBytes(variant.bytes)})`;
  const chosen = `${entry.id}: ${variant.id}${size}`;
  const there = [
    ...(free.vramBytes > 0 ? [`${formatBytes(free.vramBytes)} of GPU memory`] : []),
    `${formatBytes(free.ramBytes)} of main memory`,
  ].join(" and ");
  if (fit.kind === "none")
    return `${chosen}, the smallest there is, though it should not fit: ${there} are to be had.`;
  const places = { gpu: "on the GPU", partial: "partly on the GPU", cpu: "on the processor" };
  const { slots, contextTokens } = fit.shape;
  const why =
    tooLarge.length === 0
      ? "the best there is"
      : `${tooLarge.map(({ id }) => id).join(", ")} would not fit as well`;
  return `${chosen} ${places[fit.device]}, ${slots} slots of ${contextTokens} tokens: ${why} in ${there}.`;
}

async function unknownName(text: string): Promise<MusterError> {
  const { builtInCatalogue, findModel, nearNames } = await import("@muster/models");
  const [, name = "", form] = /^(.+):([^:]+)$/.exec(text) ?? [];
  const entry = findModel(builtInCatalogue, name)?.entry;
  const near = nearNames(builtInCatalogue, form === undefined ? text : name);
  const help =
    entry !== undefined
      ? `${entry.id} has ${entry.variants.map(({ id }) => id).join(", ")}.`
      : near.length > 0
        ? `Near it are: ${near.join(", ")}.`
        : `There are, among others: ${builtInCatalogue
            .slice(0, 4)
            .map(({ id }) => id)
            .join(", ")}.`;
  return new MusterError(
    "invalid_request",
    `No model "${text}" is known by name. ${help} A file is written as ./file.gguf, hf:owner/repo/file.gguf or https:….`,
    { param: "model" },
  );
}
