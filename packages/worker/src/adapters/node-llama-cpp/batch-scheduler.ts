import type { BatchItem, CustomBatchingPrioritizationStrategy, PrioritizedBatchItem } from "node-llama-cpp";

export interface BatchScheduler {
  /** Call when a sequence starts to evaluate; the returned function says that it stopped. */
  enter(): () => void;
  /** While `isPaused` answers true some sequences wait on purpose, and batches are not held for them. */
  readonly strategy: CustomBatchingPrioritizationStrategy;
}

export interface BatchSchedulerOptions {
  /** Prompt tokens per step while other sequences decode: keeps their gaps short. */
  readonly prefillTokensPerStep: number;
  readonly isPaused: () => boolean;
}

/** Each spin gives the other sequences a few microtasks to queue their next token; 2 to 4 are enough in practice. */
const maxSpins = 16;

/**
 * Decides what goes into the next batch. Left to itself the library starts a batch before the sequence that was
 * sampled last has queued its next token, so that one always misses it; and a long prompt takes whole batches while
 * every decoder waits. So: an empty answer (a "spin") until all live sequences have queued, for a bounded number of
 * times; then decode tokens first, and prompt tokens up to a cap.
 */
export function createBatchScheduler(options: BatchSchedulerOptions): BatchScheduler {
  let liveSequences = 0;
  let spins = 0;
  return {
    enter() {
      liveSequences += 1;
      let isIn = true;
      return () => {
        if (isIn) liveSequences -= 1;
        isIn = false;
      };
    },
    strategy({ items, size }) {
      if (items.length < liveSequences && spins < maxSpins && !options.isPaused()) {
        spins += 1;
        return [];
      }
      spins = 0;
      return fillBatch(items, size, options.prefillTokensPerStep);
    },
  };
}

/** Shares a batch of `size` tokens: one token for each that decodes, then prompts in the order they came. */
export function fillBatch(
  items: readonly BatchItem[],
  size: number,
  prefillTokensPerStep: number,
): PrioritizedBatchItem[] {
  const decoding = items.filter((item) => item.tokens.length === 1).slice(0, size);
  const batch = decoding.map((item) => ({ item, processAmount: 1 }));
  const left = size - decoding.length;
  let budget = decoding.length === 0 ? left : Math.min(left, prefillTokensPerStep);
  for (const item of items) {
    if (item.tokens.length === 1) continue;
    const processAmount = Math.min(item.tokens.length, budget);
    if (processAmount === 0) break;
    batch.push({ item, processAmount });
    budget -= processAmount;
  }
  return batch;
}
