import type { NativeContext } from "./native-context.ts";

export interface ThreadMeasurement {
  readonly threads: number;
  /** What one decode step took; the fewer threads come first. */
  readonly stepMs: ReadonlyMap<number, number>;
}

export interface MeasureThreadsOptions {
  readonly candidates: readonly number[];
  /** Sequences that decode in each step. They must be empty, and are empty afterwards. */
  readonly sequences: number;
  /** Any token of the vocabulary. */
  readonly token: number;
  readonly nowMs: () => number;
}

const rounds = 3;
/** A big model is not asked for ever: what has been measured by then has to do. */
const budgetMs = 1000;
/** More threads must be worth it: they are taken from everything else on the machine. */
const minGain = 1.05;

/** What is worth trying on so many cores, the fewest first. */
export function threadCandidates(cores: number): number[] {
  const wanted = [1, Math.ceil(cores / 2), cores - 1, cores];
  return [...new Set(wanted.filter((threads) => threads >= 1))].sort((a, b) => a - b);
}

/**
 * Decodes a few steps with each number of threads, and leaves the context with the fastest. Nothing else tells: one
 * thread too many makes every step wait for whoever was interrupted, and how much that costs depends on the machine.
 */
export async function measureThreads(
  context: NativeContext,
  options: MeasureThreadsOptions,
): Promise<ThreadMeasurement> {
  const { candidates, nowMs } = options;
  const startMs = nowMs();
  const times = new Map<number, number[]>(candidates.map((threads) => [threads, []]));
  let position = 0;
  const timeStep = async (threads: number): Promise<number> => {
    context.setThreads(threads);
    const beforeMs = nowMs();
    await decodeOneEach(context, position, options);
    position += 1;
    return nowMs() - beforeMs;
  };
  try {
    // The first step builds the graph and touches the weights.
    await timeStep(candidates[0] ?? 1);
    for (let round = 0; round < rounds && nowMs() - startMs < budgetMs; round++) {
      for (const threads of candidates) times.get(threads)?.push(await timeStep(threads));
    }
  } finally {
    for (let id = 0; id < options.sequences; id++) context.disposeSequence(id);
  }
  const stepMs = new Map([...times].filter(([, all]) => all.length > 0).map(([n, all]) => [n, median(all)]));
  const threads = fastest(stepMs) ?? candidates[0] ?? 1;
  context.setThreads(threads);
  return { threads, stepMs };
}

/** The fewest threads that no others beat clearly. */
export function fastest(stepMs: ReadonlyMap<number, number>): number | undefined {
  let best: { readonly threads: number; readonly ms: number } | undefined;
  for (const [threads, ms] of [...stepMs].sort(([a], [b]) => a - b)) {
    if (best === undefined || ms * minGain < best.ms) best = { threads, ms };
  }
  return best?.threads;
}

async function decodeOneEach(
  context: NativeContext,
  position: number,
  { sequences, token }: MeasureThreadsOptions,
): Promise<void> {
  context.initBatch(sequences);
  for (let id = 0; id < sequences; id++) {
    context.addToBatch(id, position, Uint32Array.of(token), Uint32Array.of(0));
  }
  await context.decodeBatch();
}

function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.floor((sorted.length - 1) / 2)] ?? Number.NaN;
}
