/** One bit for each line, the highest bit of the first byte for line 0: as Redis keeps them. */

export function emptyBits(lines: number): Uint8Array {
  return new Uint8Array(Math.ceil(lines / 8));
}

export function isDone(bits: Uint8Array, line: number): boolean {
  return ((bits[line >> 3] ?? 0) & (128 >> (line & 7))) !== 0;
}

export function setDone(bits: Uint8Array, line: number): void {
  bits[line >> 3] = (bits[line >> 3] ?? 0) | (128 >> (line & 7));
}

export function countDone(bits: Uint8Array): number {
  let count = 0;
  for (let byte of bits) for (; byte !== 0; byte &= byte - 1) count += 1;
  return count;
}
