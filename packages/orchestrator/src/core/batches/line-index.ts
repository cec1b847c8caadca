/** Where one line of the input lies, and what the feeder must know of it. */
export interface LineEntry {
  /** In the input file, in bytes. */
  readonly offset: number;
  /** In bytes, without the line end. */
  readonly length: number;
  /** In the file, from 1, as people count: blank lines count here. */
  readonly lineNumber: number;
  /** Of the models that the `validated` event lists. */
  readonly model: number;
  /** Lines with the same one, other than 0, have a long beginning in common. */
  readonly prefix: number;
  /** What the line should cost, in tokens: read and written. */
  readonly estimatedTokens: number;
}

/** Every entry has the same size: the entry of line n lies at n times it. */
export const lineEntryBytes = 28;

/** Integers in little-endian order; the offset has 48 bits. */
export function writeLineEntry(view: DataView, at: number, entry: LineEntry): void {
  view.setUint32(at, entry.offset % 2 ** 32, true);
  view.setUint16(at + 4, Math.floor(entry.offset / 2 ** 32), true);
  view.setUint16(at + 6, entry.model, true);
  view.setUint32(at + 8, entry.length, true);
  view.setUint32(at + 12, entry.lineNumber, true);
  view.setUint32(at + 16, entry.prefix, true);
  view.setUint32(at + 20, entry.estimatedTokens, true);
  view.setUint32(at + 24, 0, true);
}

function readLineEntry(view: DataView, at: number): LineEntry {
  return {
    offset: view.getUint32(at, true) + view.getUint16(at + 4, true) * 2 ** 32,
    model: view.getUint16(at + 6, true),
    length: view.getUint32(at + 8, true),
    lineNumber: view.getUint32(at + 12, true),
    prefix: view.getUint32(at + 16, true),
    estimatedTokens: view.getUint32(at + 20, true),
  };
}

/** The entries in a run of bytes of the index. */
export function readLineEntries(bytes: Uint8Array): LineEntry[] {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const entries: LineEntry[] = [];
  for (let at = 0; at + lineEntryBytes <= bytes.byteLength; at += lineEntryBytes)
    entries.push(readLineEntry(view, at));
  return entries;
}
