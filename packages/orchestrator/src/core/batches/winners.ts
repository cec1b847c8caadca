import { emptyBits, setDone } from "./line-bits.ts";
import type { LineOutcome } from "./line-result.ts";
import type { PiecePointer } from "./segment-record.ts";

export interface Winner {
  readonly pointer: PiecePointer;
  readonly outcome: LineOutcome;
  /** No commit record named it when this index was made: those who follow the results have not seen it. */
  readonly isLate: boolean;
}

/** Little-endian: magic · lines · pieces; then a row a line; then the pieces' names, a line each. */
const magic = 0x3149_574d;
const headerBytes = 12;
/** 0 piece's number, from 1 (0: the line has no winner) · 4 offset, 48 bits · 10 flags · 12 length. */
const rowBytes = 16;
const failedFlag = 1;
const lateFlag = 2;

/** Which result is each line's answer, in 16 bytes a line. It is kept as it is written. */
export class WinnerIndex {
  readonly lines: number;
  readonly #bytes: Uint8Array;
  readonly #view: DataView;
  readonly #pieces: string[];
  readonly #numbers = new Map<string, number>();

  /** `from`: header and rows, taken over as they are. */
  constructor(lines: number, from?: { readonly bytes: Uint8Array; readonly pieces: readonly string[] }) {
    this.lines = lines;
    this.#bytes = from?.bytes ?? new Uint8Array(headerBytes + lines * rowBytes);
    this.#view = new DataView(this.#bytes.buffer, this.#bytes.byteOffset, this.#bytes.byteLength);
    this.#pieces = [...(from?.pieces ?? [])];
    for (const [index, piece] of this.#pieces.entries()) this.#numbers.set(piece, index + 1);
  }

  has(line: number): boolean {
    return line < this.lines && this.#view.getUint32(row(line), true) !== 0;
  }

  get(line: number): Winner | undefined {
    if (!this.has(line)) return undefined;
    const at = row(line);
    const flags = this.#view.getUint16(at + 10, true);
    return {
      pointer: {
        piece: this.#pieces[this.#view.getUint32(at, true) - 1] ?? "",
        offset: this.#view.getUint32(at + 4, true) + this.#view.getUint16(at + 8, true) * 2 ** 32,
        length: this.#view.getUint32(at + 12, true),
      },
      outcome: (flags & failedFlag) === 0 ? "completed" : "failed",
      isLate: (flags & lateFlag) !== 0,
    };
  }

  /** Undefined where the line has no winner. */
  outcome(line: number): LineOutcome | undefined {
    if (!this.has(line)) return undefined;
    return (this.#view.getUint16(row(line) + 10, true) & failedFlag) === 0 ? "completed" : "failed";
  }

  set(line: number, { pointer, outcome, isLate }: Winner): void {
    const at = row(line);
    this.#view.setUint32(at, this.#numberOf(pointer.piece), true);
    this.#view.setUint32(at + 4, pointer.offset % 2 ** 32, true);
    this.#view.setUint16(at + 8, Math.floor(pointer.offset / 2 ** 32), true);
    this.#view.setUint16(at + 10, (outcome === "failed" ? failedFlag : 0) | (isLate ? lateFlag : 0), true);
    this.#view.setUint32(at + 12, pointer.length, true);
  }

  remove(line: number): void {
    this.#view.setUint32(row(line), 0, true);
  }

  isAt(line: number, pointer: PiecePointer): boolean {
    if (!this.has(line)) return false;
    const at = row(line);
    return (
      this.#view.getUint32(at, true) === this.#numbers.get(pointer.piece) &&
      this.#view.getUint32(at + 4, true) === pointer.offset % 2 ** 32 &&
      this.#view.getUint16(at + 8, true) === Math.floor(pointer.offset / 2 ** 32)
    );
  }

  isLate(line: number): boolean {
    return this.has(line) && (this.#view.getUint16(row(line) + 10, true) & lateFlag) !== 0;
  }

  /** A bit for each line, the highest bit of the first byte for line 0. */
  doneBits(): Uint8Array {
    const bits = emptyBits(this.lines);
    for (let line = 0; line < this.lines; line++) if (this.has(line)) setDone(bits, line);
    return bits;
  }

  /** With room for `spareBytes` behind it. */
  encode(spareBytes = 0): Uint8Array {
    this.#view.setUint32(0, magic, true);
    this.#view.setUint32(4, this.lines, true);
    this.#view.setUint32(8, this.#pieces.length, true);
    const names = new TextEncoder().encode(this.#pieces.join("\n"));
    const bytes = new Uint8Array(this.#bytes.length + names.length + spareBytes);
    bytes.set(this.#bytes);
    bytes.set(names, this.#bytes.length);
    return bytes;
  }

  #numberOf(piece: string): number {
    const known = this.#numbers.get(piece);
    if (known !== undefined) return known;
    const number = this.#pieces.push(piece);
    this.#numbers.set(piece, number);
    return number;
  }
}

/** Undefined for what is no such index. The bytes are taken over, not copied. */
export function decodeWinners(bytes: Uint8Array): WinnerIndex | undefined {
  if (bytes.length < headerBytes) return undefined;
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const [lines, pieceCount] = [view.getUint32(4, true), view.getUint32(8, true)];
  const namesAt = row(lines);
  if (view.getUint32(0, true) !== magic || namesAt > bytes.length) return undefined;
  const pieces = pieceCount === 0 ? [] : new TextDecoder().decode(bytes.subarray(namesAt)).split("\n");
  if (pieces.length !== pieceCount) return undefined;
  return new WinnerIndex(lines, { bytes: bytes.subarray(0, namesAt), pieces });
}

function row(line: number): number {
  return headerBytes + line * rowBytes;
}
