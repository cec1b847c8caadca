import type { LineUsage } from "./batch.ts";
import { crc32 } from "./crc32.ts";
import type { LineOutcome, LineResult, LineToken } from "./line-result.ts";

/**
 * What segments are made of. A result record is an answer, a commit record says that the ledger took one. Integers are
 * little-endian; each header ends with a CRC-32 of itself:
 *
 *     both    0 magic · 4 kind · 5 flags · 8 line · 12 generation · 16 epoch
 *     result  20 body bytes · 24 provenance bytes · 28 their CRC-32 · 32 usage · 48 SHA-256 of the body · 80 CRC-32
 *             then the body, then the provenance
 *     commit  20 result's length · 24 name's bytes · 28 their CRC-32 · 32 result's offset · 40 CRC-32
 *             then the name of the result's piece
 */
const magic = 0x3152_534d;
const kinds = { result: 1, commit: 2 } as const;
const headerBytes = { result: 84, commit: 44 } as const;
const failedFlag = 1;
const cachedFlag = 2;

/** A longer body or name is taken for damage. */
export const maxBodyBytes = 64 * 1024 * 1024;
const maxNameBytes = 1024;

/** Like ResultPointer, with the piece named within its batch: `<log>/<number>`. */
export interface PiecePointer {
  readonly piece: string;
  readonly offset: number;
  readonly length: number;
}

interface RecordPlace {
  /** In its piece. */
  readonly offset: number;
  readonly length: number;
}

export interface ResultRecord extends RecordPlace {
  readonly kind: "result";
  readonly line: number;
  readonly token: LineToken;
  readonly outcome: LineOutcome;
  readonly isCached: boolean;
  readonly usage: LineUsage;
  /** 32 bytes; whether they fit the body is for the reader to check. */
  readonly sha256: Uint8Array;
  readonly body: Uint8Array;
  /** Undefined where it is damaged. */
  readonly provenance: string | undefined;
}

export interface CommitRecord extends RecordPlace {
  readonly kind: "commit";
  readonly line: number;
  readonly token: LineToken;
  readonly pointer: PiecePointer;
}

export type SegmentRecord = ResultRecord | CommitRecord;

export interface ResultToWrite {
  readonly result: LineResult;
  /** Of the body, in hexadecimal. */
  readonly sha256: string;
}
export type CommitToWrite = Pick<CommitRecord, "line" | "token" | "pointer">;

export interface EncodedGroup {
  readonly bytes: Uint8Array;
  /** Where the result records lie in it, in the order given. */
  readonly places: readonly RecordPlace[];
}

const encoder = new TextEncoder();
// A text may begin with a byte order mark: it is part of it.
const decoder = new TextDecoder("utf-8", { ignoreBOM: true });

/** One run of bytes for all of a group: the results, then the commits. */
export function encodeGroup(
  results: readonly ResultToWrite[],
  commits: readonly CommitToWrite[],
): EncodedGroup {
  const provenances = results.map(({ result }) => encoder.encode(result.provenance));
  const names = commits.map(({ pointer }) => encoder.encode(pointer.piece));
  const places: RecordPlace[] = [];
  let end = 0;
  for (const [index, { result }] of results.entries()) {
    const length = headerBytes.result + result.body.length + (provenances[index]?.length ?? 0);
    places.push({ offset: end, length });
    end += length;
  }
  const bytes = new Uint8Array(end + names.reduce((sum, name) => sum + headerBytes.commit + name.length, 0));
  const view = new DataView(bytes.buffer);
  for (const [index, place] of places.entries()) {
    const item = results[index];
    const provenance = provenances[index];
    if (item !== undefined && provenance !== undefined) writeResult(view, place.offset, item, provenance);
  }
  for (const [index, commit] of commits.entries()) {
    const name = names[index];
    if (name === undefined) continue;
    writeCommit(view, end, commit, name);
    end += headerBytes.commit + name.length;
  }
  return { bytes, places };
}

function writeResult(view: DataView, at: number, item: ResultToWrite, provenance: Uint8Array): void {
  const { line, token, outcome, isCached, body, usage } = item.result;
  const flags = (outcome === "failed" ? failedFlag : 0) | (isCached ? cachedFlag : 0);
  writeStart(view, at, { kind: kinds.result, flags, line, token });
  writeSizes(view, at, body.length, provenance);
  view.setUint32(at + 32, usage.promptTokens, true);
  view.setUint32(at + 36, usage.cachedTokens, true);
  view.setUint32(at + 40, usage.completionTokens, true);
  view.setUint32(at + 44, usage.reasoningTokens, true);
  for (let i = 0; i < 32; i++) view.setUint8(at + 48 + i, byteOfHex(item.sha256, i));
  sealHeader(view, at, headerBytes.result);
  bytesOf(view, at + headerBytes.result, body.length).set(body);
  bytesOf(view, at + headerBytes.result + body.length, provenance.length).set(provenance);
}

function writeCommit(view: DataView, at: number, commit: CommitToWrite, name: Uint8Array): void {
  writeStart(view, at, { kind: kinds.commit, flags: 0, line: commit.line, token: commit.token });
  writeSizes(view, at, commit.pointer.length, name);
  view.setFloat64(at + 32, commit.pointer.offset, true);
  sealHeader(view, at, headerBytes.commit);
  bytesOf(view, at + headerBytes.commit, name.length).set(name);
}

function writeStart(
  view: DataView,
  at: number,
  start: {
    readonly kind: number;
    readonly flags: number;
    readonly line: number;
    readonly token: LineToken;
  },
): void {
  view.setUint32(at, magic, true);
  view.setUint8(at + 4, start.kind);
  view.setUint8(at + 5, start.flags);
  view.setUint32(at + 8, start.line, true);
  view.setUint32(at + 12, start.token.gen, true);
  view.setUint32(at + 16, start.token.epoch, true);
}

function writeSizes(view: DataView, at: number, first: number, second: Uint8Array): void {
  view.setUint32(at + 20, first, true);
  view.setUint32(at + 24, second.length, true);
  view.setUint32(at + 28, crc32(second), true);
}

function sealHeader(view: DataView, at: number, length: number): void {
  view.setUint32(at + length - 4, crc32(bytesOf(view, at, length - 4)), true);
}

function bytesOf(view: DataView, at: number, length: number): Uint8Array {
  return new Uint8Array(view.buffer, view.byteOffset + at, length);
}

/** What can be said of a record once its header is there. */
export type RecordHead =
  | { readonly kind: "result" | "commit"; readonly headerBytes: number; readonly recordBytes: number }
  /** More bytes are needed: this many from the beginning of the record. */
  | { readonly kind: "short"; readonly needed: number }
  | { readonly kind: "damaged" };

export function readHead(view: DataView, at: number): RecordHead {
  const left = view.byteLength - at;
  if (left < 5) return { kind: "short", needed: 5 };
  const kind = kindOf(view.getUint8(at + 4));
  if (view.getUint32(at, true) !== magic || kind === undefined) return { kind: "damaged" };
  const header = headerBytes[kind];
  if (left < header) return { kind: "short", needed: header };
  if (crc32(bytesOf(view, at, header - 4)) !== view.getUint32(at + header - 4, true))
    return { kind: "damaged" };
  const [first, second] = [view.getUint32(at + 20, true), view.getUint32(at + 24, true)];
  const isTooLong = kind === "result" ? first > maxBodyBytes : second > maxNameBytes;
  if (isTooLong) return { kind: "damaged" };
  return { kind, headerBytes: header, recordBytes: header + second + (kind === "result" ? first : 0) };
}

function kindOf(number: number): "result" | "commit" | undefined {
  if (number === kinds.result) return "result";
  return number === kinds.commit ? "commit" : undefined;
}

/** A record that is there as a whole, its head good. Undefined for a commit whose piece's name is damaged. */
export function readRecord(
  view: DataView,
  at: number,
  { kind, offset }: { readonly kind: "result" | "commit"; readonly offset: number },
): SegmentRecord | undefined {
  const line = view.getUint32(at + 8, true);
  const token = { gen: view.getUint32(at + 12, true), epoch: view.getUint32(at + 16, true) };
  const [first, second] = [view.getUint32(at + 20, true), view.getUint32(at + 24, true)];
  if (kind === "commit") {
    const piece = readText(view, at, headerBytes.commit);
    if (piece === undefined) return undefined;
    const pointer = { piece, offset: view.getFloat64(at + 32, true), length: first };
    return { kind, offset, length: headerBytes.commit + second, line, token, pointer };
  }
  const flags = view.getUint8(at + 5);
  return {
    kind,
    offset,
    length: headerBytes.result + first + second,
    line,
    token,
    outcome: (flags & failedFlag) === 0 ? "completed" : "failed",
    isCached: (flags & cachedFlag) !== 0,
    usage: {
      promptTokens: view.getUint32(at + 32, true),
      cachedTokens: view.getUint32(at + 36, true),
      completionTokens: view.getUint32(at + 40, true),
      reasoningTokens: view.getUint32(at + 44, true),
    },
    sha256: bytesOf(view, at + 48, 32),
    body: bytesOf(view, at + headerBytes.result, first),
    provenance: readText(view, at, headerBytes.result + first),
  };
}

function readText(view: DataView, at: number, from: number): string | undefined {
  const bytes = bytesOf(view, at + from, view.getUint32(at + 24, true));
  return crc32(bytes) === view.getUint32(at + 28, true) ? decoder.decode(bytes) : undefined;
}

/** The result record that `bytes` are, no more and no less. Undefined where they are not. */
export function decodeResult(bytes: Uint8Array, offset: number): ResultRecord | undefined {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const head = readHead(view, 0);
  if (head.kind !== "result" || head.recordBytes !== bytes.length) return undefined;
  const record = readRecord(view, 0, { kind: "result", offset });
  return record?.kind === "result" ? record : undefined;
}

/** Whether the record says that its body has this SHA-256 (in hexadecimal). */
export function hasSha256(record: ResultRecord, sha256: string): boolean {
  if (sha256.length !== 64) return false;
  return record.sha256.every((byte, index) => byte === byteOfHex(sha256, index));
}

function byteOfHex(text: string, index: number): number {
  return nibble(text.charCodeAt(2 * index)) * 16 + nibble(text.charCodeAt(2 * index + 1));
}

/** Of a lower-case hexadecimal digit's character code. */
function nibble(code: number): number {
  return code > 57 ? code - 87 : code - 48;
}
