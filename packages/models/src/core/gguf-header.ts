import { GgufCursor, type GgufStop, isGgufStop } from "./gguf-cursor.ts";
import { ggufBlockElements, ggufTensorBytes, isKnownGgufType } from "./gguf-types.ts";
import { TensorSums, type TensorTotals } from "./tensor-totals.ts";

/** A metadata value. Integers beyond 2^53 stay bigint. */
export type GgufValue = number | bigint | boolean | string | GgufArray;

export interface GgufArray {
  readonly length: number;
  /** Undefined where the array is longer than is kept (vocabularies): only its length is known then. */
  readonly items: readonly GgufValue[] | undefined;
}

export interface GgufHeader {
  readonly version: number;
  readonly tensorCount: number;
  readonly metadata: ReadonlyMap<string, GgufValue>;
  /** Bytes of the tensors, by what they are for. */
  readonly tensors: TensorTotals;
  /** The shortest file that can hold every tensor that the header announces. */
  readonly minimumFileBytes: number;
}

export type GgufHeaderResult =
  | { readonly kind: "header"; readonly header: GgufHeader }
  /** The prefix is too short: try again with at least `bytes` bytes, counted from the start of the file. */
  | { readonly kind: "need-more"; readonly bytes: number }
  | { readonly kind: "invalid"; readonly reason: string };

const limits = {
  metadataCount: 65_536,
  tensorCount: 65_536,
  /** llama.cpp's own limit is 64. */
  tensorNameBytes: 255,
  keyBytes: 65_535,
  stringBytes: 16 * 1024 * 1024,
  arrayLength: 64 * 1024 * 1024,
  keptItems: 1024,
  arrayDepth: 4,
  tensorDimensions: 4,
} as const;

/** No real header comes near it: Gemma's, with 262,144 tokens, is 6.5 MB. */
export const maxGgufHeaderBytes = 128 * 1024 * 1024;

/**
 * Reads the header of a GGUF file (format versions 2 and 3) from the file's first bytes. Safe on hostile input: the
 * work is bounded by the length of `prefix`, and nothing is thrown.
 */
export function readGgufHeader(prefix: Uint8Array): GgufHeaderResult {
  try {
    return { kind: "header", header: parse(new GgufCursor(prefix, maxGgufHeaderBytes)) };
  } catch (thrown) {
    if (isGgufStop(thrown)) return (thrown satisfies GgufStop).outcome;
    throw thrown;
  }
}

function parse(cursor: GgufCursor): GgufHeader {
  readMagic(cursor);
  const version = cursor.u32();
  if (version !== 2 && version !== 3) {
    cursor.refuse(
      version >>> 16 !== 0 && (version & 0xffff) === 0
        ? "it is written for a big-endian machine"
        : `its format version is ${version}, and only 2 and 3 are known`,
    );
  }
  const tensorCount = cursor.count(limits.tensorCount, "tensors");
  const metadataCount = cursor.count(limits.metadataCount, "metadata entries");
  const metadata = new Map<string, GgufValue>();
  for (let entry = 0; entry < metadataCount; entry += 1) {
    const key = cursor.text(limits.keyBytes, "a metadata key");
    if (key === "") cursor.refuse("its metadata has an entry without a name");
    if (metadata.has(key)) cursor.refuse(`its metadata names "${key.slice(0, 80)}" twice`);
    metadata.set(key, readValue(cursor, cursor.u32(), 0));
  }
  const alignment = readAlignment(cursor, metadata);
  checkVocabulary(cursor, metadata);
  const { end: tensorsEnd, totals } = readTensors(cursor, { tensorCount, alignment });
  const dataStart = Math.ceil(cursor.position / alignment) * alignment;
  return {
    version,
    tensorCount,
    metadata,
    tensors: totals,
    minimumFileBytes: tensorCount === 0 ? cursor.position : dataStart + tensorsEnd,
  };
}

function readMagic(cursor: GgufCursor): void {
  for (const expected of [0x47, 0x47, 0x55, 0x46]) {
    if (cursor.u8() !== expected) cursor.refuse("it does not begin with the letters GGUF");
  }
}

function readAlignment(cursor: GgufCursor, metadata: ReadonlyMap<string, GgufValue>): number {
  const alignment = metadata.get("general.alignment") ?? 32;
  if (typeof alignment !== "number" || !isPowerOfTwo(alignment) || alignment > 65_536) {
    return cursor.refuse("its alignment makes no sense");
  }
  return alignment;
}

/** Lists about the same tokens: engines look into all of them by the number of a token. */
function checkVocabulary(cursor: GgufCursor, metadata: ReadonlyMap<string, GgufValue>): void {
  const tokens = lengthOf(metadata.get("tokenizer.ggml.tokens"));
  for (const key of ["tokenizer.ggml.scores", "tokenizer.ggml.token_type"]) {
    const length = lengthOf(metadata.get(key));
    if (length !== undefined && length !== tokens)
      cursor.refuse(`its vocabulary has ${tokens ?? "no"} tokens, and "${key}" is a list of ${length}`);
  }
}

function lengthOf(value: GgufValue | undefined): number | undefined {
  return typeof value === "object" ? value.length : undefined;
}

function isPowerOfTwo(value: number): boolean {
  return Number.isInteger(value) && value > 0 && 2 ** Math.round(Math.log2(value)) === value;
}

/** What the tensors take; `end`: bytes from the start of their data to the end of the one that lies furthest back. */
function readTensors(
  cursor: GgufCursor,
  { tensorCount, alignment }: { readonly tensorCount: number; readonly alignment: number },
): { end: number; totals: TensorTotals } {
  const sums = new TensorSums();
  const names = new Set<string>();
  let end = 0;
  for (let tensor = 0; tensor < tensorCount; tensor += 1) {
    const name = cursor.text(limits.tensorNameBytes, "a tensor's name");
    if (names.has(name)) cursor.refuse(`it has two tensors of the name "${name.slice(0, 80)}"`);
    names.add(name);
    const dimensions = cursor.u32();
    if (dimensions > limits.tensorDimensions) cursor.refuse(`a tensor has ${dimensions} dimensions`);
    let elements = 1;
    let rowLength = 1;
    for (let dimension = 0; dimension < dimensions; dimension += 1) {
      const length = cursor.count(Number.MAX_SAFE_INTEGER, "elements");
      elements *= length;
      if (dimension === 0) rowLength = length;
    }
    const type = cursor.u32();
    if (rowLength % ggufBlockElements(type) !== 0) cursor.refuse("a tensor's rows do not fit its type");
    const offset = cursor.count(Number.MAX_SAFE_INTEGER, "bytes before a tensor");
    if (offset % alignment !== 0) cursor.refuse("a tensor does not begin where one can");
    const bytes = ggufTensorBytes(type, elements);
    if (!Number.isSafeInteger(offset + bytes)) cursor.refuse("a tensor is larger than any file");
    end = Math.max(end, offset + bytes);
    sums.add(name, isKnownGgufType(type) ? bytes : undefined);
  }
  return { end, totals: sums.totals() };
}

function readValue(cursor: GgufCursor, type: number, depth: number): GgufValue {
  if (type === 8) return cursor.text(limits.stringBytes, "a metadata string");
  if (type !== 9) return cursor.scalar(type);
  if (depth >= limits.arrayDepth) return cursor.refuse("its metadata nests arrays too deeply");
  const itemType = cursor.u32();
  const length = cursor.count(limits.arrayLength, "array items");
  if (length > limits.keptItems) {
    skipItems(cursor, { itemType, length, depth });
    return { length, items: undefined };
  }
  const items: GgufValue[] = [];
  for (let item = 0; item < length; item += 1) items.push(readValue(cursor, itemType, depth + 1));
  return { length, items };
}

function skipItems(cursor: GgufCursor, array: { itemType: number; length: number; depth: number }): void {
  const { itemType, length, depth } = array;
  if (itemType !== 8 && itemType !== 9) {
    cursor.skip(length * cursor.scalarBytes(itemType));
    return;
  }
  for (let item = 0; item < length; item += 1) {
    if (itemType === 8) cursor.skipText(limits.stringBytes, "a metadata string");
    else readValue(cursor, itemType, depth + 1);
  }
}
