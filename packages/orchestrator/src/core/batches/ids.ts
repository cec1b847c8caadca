/** Ids of batches and files: 12 hexadecimal digits of their time, then 20 that make them unique. They sort by age. */

export type TimedIdPrefix = "batch_" | "file-";

/** @param unique 20 hexadecimal digits */
export function timedId(prefix: TimedIdPrefix, atMs: number, unique: string): string {
  return `${prefix}${atMs.toString(16).padStart(12, "0")}${unique}`;
}

export function isBatchId(text: string): boolean {
  return /^batch_[0-9a-f]{32}$/.test(text);
}

export function isFileId(text: string): boolean {
  return /^file-[0-9a-f]{32}$/.test(text);
}

/** When it was made, in Unix time. */
export function timeOfId(id: string): number {
  return Number.parseInt(id.slice(-32, -20), 16);
}
