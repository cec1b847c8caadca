/** Two of them are more than the caches of desktops hold. */
const bufferBytes = 32 * 1024 ** 2;
const maxCopies = 9;
const leastCopies = 3;
const budgetMs = 80;

export interface RamBandwidthOptions {
  readonly nowMs: () => number;
  /** Tests copy nothing. */
  readonly copy?: (from: Buffer, to: Buffer) => void;
}

/**
 * How fast main memory is read and written: one thread copies a buffer that no cache holds, some times over, and the
 * middle one of the times counts. Several threads get more out of most machines, so this is a lower bound. A copy reads
 * each byte once and writes it once. Blocks the event loop meanwhile; undefined where the clock does not tell.
 */
export function measureRamBandwidth(options: RamBandwidthOptions): number | undefined {
  const { nowMs, copy = (source, target) => void source.copy(target) } = options;
  const startMs = nowMs();
  // Touched before the copies that count: the first touch of a page costs more than its copy.
  const from = Buffer.alloc(bufferBytes, 1);
  const to = Buffer.alloc(bufferBytes, 2);
  const timesMs: number[] = [];
  while (timesMs.length < maxCopies) {
    if (timesMs.length >= leastCopies && nowMs() - startMs > budgetMs) break;
    const beforeMs = nowMs();
    copy(from, to);
    timesMs.push(nowMs() - beforeMs);
  }
  const middleMs = timesMs.sort((a, b) => a - b)[Math.floor(timesMs.length / 2)] ?? 0;
  return middleMs > 0 ? Math.round((2 * bufferBytes * 1000) / middleMs) : undefined;
}
