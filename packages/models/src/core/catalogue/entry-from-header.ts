import type { Capability } from "@muster/base";
import type { GgufHeader } from "../gguf-header.ts";
import type { MemoryProfile } from "../memory-profile.ts";
import { chatCapabilities } from "./define-model.ts";
import type { ModelEntry, ModelKind } from "./model-entry.ts";
import { quantisationInName } from "./quantisations.ts";

/** A file that an administrator wants in the catalogue, as it was looked at. */
export interface AddedFile {
  readonly id: string;
  readonly family: string;
  /** In its family. */
  readonly rank: number;
  readonly uri: string;
  readonly bytes: number;
  readonly sha256: string | undefined;
  readonly header: GgufHeader;
  readonly profile: MemoryProfile;
}

/** GGUF's number for models that give a score in place of a vector. */
const rankPooling = 4;
/** What a replica is given where nothing else is asked: larger contexts cost memory that few need. */
const usualContextTokens = 8_192;
const likelyBitsPerWeight = 4.9;

/** What a model's own header says of it. */
export function entryFromHeader(file: AddedFile): ModelEntry {
  const { id, family, rank, uri, bytes, sha256, header, profile } = file;
  const kind = kindOf(header, profile);
  const form = quantisationInName(uri);
  const bitsPerWeight = form?.bitsPerWeight ?? likelyBitsPerWeight;
  const parameters = countOf(header) ?? Math.round((profile.weightsBytes * 8) / bitsPerWeight);
  const activeShare = (profile.activeWeightsBytes ?? profile.weightsBytes) / (profile.weightsBytes || 1);
  return {
    id,
    title: shortTextOf(header, "general.name") ?? id,
    family,
    rank,
    kind,
    parameters,
    activeParameters: Math.round(parameters * Math.min(1, activeShare)),
    maxContextTokens: profile.maxContextTokens,
    contextTokens: Math.min(profile.maxContextTokens, usualContextTokens),
    capabilities: capabilitiesOf(kind, header),
    licence: shortTextOf(header, "general.license") ?? "not said",
    variants: [{ id: form?.id ?? "file", uri, bytes, sha256, bitsPerWeight, profile }],
    golden: [],
    sources: [{ what: "all of it", where: "its own header", isVerified: true }],
    origin: "added",
  };
}

function kindOf({ metadata }: GgufHeader, profile: MemoryProfile): ModelKind {
  const pooling = metadata.get(`${profile.architecture}.pooling_type`);
  if (pooling === rankPooling) return "rerank";
  if (profile.use === "embed" || (typeof pooling === "number" && pooling > 0)) return "embedding";
  return metadata.has("tokenizer.chat_template") ? "chat" : "completion";
}

function capabilitiesOf(kind: ModelKind, header: GgufHeader): readonly Capability[] {
  switch (kind) {
    case "rerank":
      return ["rerank", "tokenize"];
    case "embedding":
      return ["embedding", "rerank", "tokenize"];
    case "completion":
      return chatCapabilities.filter((each) => each !== "chat" && each !== "tools");
    case "chat": {
      const template = textOf(header, "tokenizer.chat_template") ?? "";
      // What a template does not write, its model was not trained for.
      return template.includes("tools")
        ? chatCapabilities
        : chatCapabilities.filter((each) => each !== "tools");
    }
    default:
      return kind satisfies never;
  }
}

function countOf({ metadata }: GgufHeader): number | undefined {
  const count = metadata.get("general.parameter_count");
  return typeof count === "number" && count > 0 ? count : undefined;
}

function textOf({ metadata }: GgufHeader, key: string): string | undefined {
  const value = metadata.get(key);
  return typeof value === "string" && value !== "" ? value : undefined;
}

const maxShown = 200;

/** For lists and tables: a file may say anything, of any length. */
function shortTextOf(header: GgufHeader, key: string): string | undefined {
  const line = (textOf(header, key) ?? "").replace(/[\p{Cc}\p{Zl}\p{Zp}\s]+/gu, " ").trim();
  return [...line.slice(0, 2 * maxShown)].slice(0, maxShown).join("") || undefined;
}
