import { isCapability } from "@muster/base";
import type { MemoryProfile, ModelEntry } from "@muster/models";
import type { Pin } from "../../core/placement/fleet-state.ts";

/** What lies in the object store may be of another version, or of nobody: each record is read whole, or not at all. */

export interface AddedRecord {
  readonly entry: ModelEntry;
  readonly addedAtMs: number;
}

export interface PinRecord extends Pin {
  readonly model: string;
}

/** What a file of the built-in list was found to be. */
export interface SeenFileRecord {
  readonly model: string;
  readonly variant: string;
  /** As the list had it then: one that has changed since is looked at again. */
  readonly uri: string;
  readonly bytes: number;
  readonly sha256?: string | undefined;
  readonly profile: MemoryProfile;
  readonly readAtMs: number;
}

type Fields = Readonly<Record<string, unknown>>;
type Check = (value: unknown) => boolean;

const maxItems = 64;
const namePattern = /^[a-z0-9][a-z0-9._-]{0,99}$/;

const isFields = (value: unknown): value is Fields =>
  typeof value === "object" && value !== null && !Array.isArray(value);
const isText: Check = (value) => typeof value === "string" && value.length <= 2_048;
const isName: Check = (value) => typeof value === "string" && namePattern.test(value);
const isNumber: Check = (value) => typeof value === "number" && Number.isFinite(value);
const isCount: Check = (value) => Number.isSafeInteger(value) && Number(value) >= 0;
const isOneOf =
  (...words: readonly unknown[]): Check =>
  (value) =>
    words.includes(value);
const maybe =
  (check: Check): Check =>
  (value) =>
    value === undefined || check(value);
const listOf =
  (check: Check, least = 0): Check =>
  (value) =>
    Array.isArray(value) && value.length >= least && value.length <= maxItems && value.every(check);
const fieldsOf =
  (checks: Readonly<Record<string, Check>>): Check =>
  (value) =>
    isFields(value) && Object.entries(checks).every(([name, check]) => check(value[name]));

const isProfile = fieldsOf({
  architecture: isText,
  weightsBytes: isCount,
  hostWeightsBytes: isCount,
  copiedWeightsBytes: maybe(isCount),
  activeWeightsBytes: maybe(isCount),
  layers: isCount,
  kvBytesPerToken: isCount,
  kvWindowBytesPerToken: isCount,
  windowTokens: isCount,
  stateBytesPerSlot: isCount,
  embeddingLength: isCount,
  vocabularySize: isCount,
  layerWidth: maybe(isCount),
  maxContextTokens: isCount,
  use: maybe(isOneOf("generate", "embed")),
});

const isVariant = fieldsOf({
  id: isText,
  uri: isText,
  bytes: maybe(isCount),
  sha256: maybe(isText),
  bitsPerWeight: isNumber,
  projector: maybe(fieldsOf({ uri: isText, bytes: maybe(isCount) })),
  profile: isProfile,
});

const isEntry = fieldsOf({
  id: isName,
  aliases: maybe(listOf(isText)),
  title: isText,
  family: isName,
  rank: isNumber,
  kind: isOneOf("chat", "completion", "embedding", "rerank"),
  parameters: isCount,
  activeParameters: isCount,
  maxContextTokens: isCount,
  contextTokens: isCount,
  capabilities: listOf((value) => typeof value === "string" && isCapability(value)),
  sampling: maybe(fieldsOf({ temperature: isNumber, topK: maybe(isNumber), topP: isNumber })),
  licence: isText,
  variants: listOf(isVariant, 1),
  golden: listOf(fieldsOf({ prompt: isText, expects: listOf(isText), maxTokens: isCount })),
  sources: listOf(fieldsOf({ what: isText, where: isText, isVerified: isOneOf(true, false) })),
  origin: isOneOf("added"),
});

const isAdded = fieldsOf({ entry: isEntry, addedAtMs: isNumber });
const isPin = fieldsOf({
  model: isName,
  replicas: (value) => isCount(value) && Number(value) >= 1,
  labels: (value) => isFields(value) && listOf(isText)(Object.values(value)),
});
const isSeenFile = fieldsOf({
  model: isName,
  variant: isText,
  uri: isText,
  bytes: isCount,
  sha256: maybe(isText),
  profile: isProfile,
  readAtMs: isNumber,
});

export function readAdded(value: object): AddedRecord | undefined {
  return isAdded(value) ? (value as AddedRecord) : undefined;
}

export function readPin(value: object): PinRecord | undefined {
  return isPin(value) ? (value as PinRecord) : undefined;
}

export function readSeenFile(value: object): SeenFileRecord | undefined {
  return isSeenFile(value) ? (value as SeenFileRecord) : undefined;
}
