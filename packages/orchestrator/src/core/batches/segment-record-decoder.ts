import { readHead, readRecord, type SegmentRecord } from "./segment-record.ts";

/**
 * Walks the bytes of a piece as they come and gives the records that are there as a whole. It stops for good at the
 * first bytes that are no record: a torn end, or damage.
 */
export class SegmentDecoder {
  readonly #wants: "all" | "commits";
  /** From the beginning of the record under way on. */
  #held: Uint8Array[] = [];
  #heldBytes = 0;
  /** How many held bytes it takes to go on. */
  #needed = 0;
  /** Of a result that nobody wants: still to come, and where the next record begins then. */
  #skipBytes = 0;
  #afterSkip = 0;
  #offset: number;
  #isDamaged = false;

  /** `offset`: where in the piece the bytes begin. */
  constructor(options: { readonly offset?: number; readonly wants: "all" | "commits" }) {
    this.#offset = options.offset ?? 0;
    this.#wants = options.wants;
  }

  /** The end of what was good so far: behind the last record that has come as a whole. */
  get offset(): number {
    return this.#offset;
  }

  /** What follows `offset` is no record, whatever may come. */
  get isDamaged(): boolean {
    return this.#isDamaged;
  }

  /** Bodies are views into `chunk`, or into a copy where they lie across chunks. */
  push(chunk: Uint8Array): SegmentRecord[] {
    if (this.#isDamaged) return [];
    const rest = this.#skip(chunk);
    if (rest.length === 0) return [];
    this.#held.push(rest);
    this.#heldBytes += rest.length;
    if (this.#heldBytes < this.#needed) return [];
    return this.#walk(joined(this.#held, this.#heldBytes));
  }

  #skip(chunk: Uint8Array): Uint8Array {
    const skipped = Math.min(this.#skipBytes, chunk.length);
    this.#skipBytes -= skipped;
    // A skipped record counts once its last byte has come.
    if (skipped > 0 && this.#skipBytes === 0) this.#offset = this.#afterSkip;
    return chunk.subarray(skipped);
  }

  #walk(bytes: Uint8Array): SegmentRecord[] {
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    const records: SegmentRecord[] = [];
    let at = 0;
    for (;;) {
      const head = readHead(view, at);
      if (head.kind === "damaged") {
        this.#isDamaged = true;
        return this.#keep(bytes, bytes.length, 0, records);
      }
      if (head.kind === "short") return this.#keep(bytes, at, head.needed, records);
      const left = bytes.length - at;
      const isWanted = head.kind === "commit" || this.#wants === "all";
      if (left < head.recordBytes && isWanted) return this.#keep(bytes, at, head.recordBytes, records);
      if (left < head.recordBytes) {
        this.#skipBytes = head.recordBytes - left;
        this.#afterSkip = this.#offset + head.recordBytes;
        return this.#keep(bytes, bytes.length, 0, records);
      }
      const record = isWanted ? readRecord(view, at, { kind: head.kind, offset: this.#offset }) : undefined;
      if (record !== undefined) records.push(record);
      at += head.recordBytes;
      this.#offset += head.recordBytes;
    }
  }

  #keep(bytes: Uint8Array, from: number, needed: number, records: SegmentRecord[]): SegmentRecord[] {
    const rest = bytes.subarray(from);
    this.#held = rest.length === 0 ? [] : [rest];
    this.#heldBytes = rest.length;
    this.#needed = needed;
    return records;
  }
}

function joined(parts: readonly Uint8Array[], length: number): Uint8Array {
  const [first] = parts;
  if (first !== undefined && parts.length === 1) return first;
  const bytes = new Uint8Array(length);
  let at = 0;
  for (const part of parts) {
    bytes.set(part, at);
    at += part.length;
  }
  return bytes;
}
