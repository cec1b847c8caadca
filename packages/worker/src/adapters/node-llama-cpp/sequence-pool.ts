import { MusterError } from "@muster/base";
import type { LlamaContext, LlamaContextSequence, Token } from "node-llama-cpp";
import type { StepGate } from "./step-gate.ts";

export interface TakenSequence {
  readonly sequence: LlamaContextSequence;
  /** Makes the cache a prefix of `promptTokens`; gives how many of its tokens need no evaluation. */
  prepare(promptTokens: Token[]): Promise<number>;
  /** Gives the sequence back with its cache, for a later prompt with the same beginning. */
  release(): void;
}

/** The sequences of one context: they keep their cache between answers, so that a conversation need not be read again. */
export class SequencePool {
  readonly #gate: StepGate;
  /** Least recently used first. */
  readonly #free: LlamaContextSequence[];

  constructor(context: LlamaContext, gate: StepGate) {
    this.#gate = gate;
    // Checkpoints are off: the library restores into the middle of one, where a sliding window lacks cells.
    this.#free = Array.from({ length: context.totalSequences }, () =>
      context.getSequence({ checkpoints: { max: 0, interval: false } }),
    );
  }

  /**
   * Takes the free sequence that spares most, if that is more than what is lost of its cache (all chats begin alike,
   * with the template's header: no reason to give up another conversation); else the one that was used longest ago.
   * Throws MusterError `engine_failed` when none is free.
   */
  take(promptTokens: Token[]): TakenSequence {
    let best = this.#free[0];
    if (best === undefined) throw new MusterError("engine_failed", "No slot of the replica is free.");
    let bestGain = 0;
    for (const sequence of this.#free) {
      const reusable = reusableTokens(sequence, promptTokens);
      const gain = reusable - (sequence.nextTokenIndex - reusable);
      if (gain <= bestGain) continue;
      best = sequence;
      bestGain = gain;
    }
    const sequence = best;
    this.#free.splice(this.#free.indexOf(sequence), 1);
    let isTaken = true;
    return {
      sequence,
      prepare: (tokens) => this.#prepare(sequence, tokens),
      release: () => {
        if (isTaken) this.#free.push(sequence);
        isTaken = false;
      },
    };
  }

  async #prepare(sequence: LlamaContextSequence, promptTokens: Token[]): Promise<number> {
    const reusable = reusableTokens(sequence, promptTokens);
    if (reusable !== sequence.nextTokenIndex) {
      await this.#gate.exclusively(async () => {
        if (reusable === 0) await sequence.clearHistory();
        else await sequence.adaptStateToTokens(promptTokens.slice(0, reusable), false);
      });
    }
    return sequence.nextTokenIndex;
  }
}

/** How many tokens of the prompt the sequence's cache can stand for. The last one is always evaluated, for its logits. */
function reusableTokens(sequence: LlamaContextSequence, promptTokens: Token[]): number {
  const held = sequence.nextTokenIndex;
  if (held === 0) return 0;
  const { firstDifferentIndex } = sequence.compareContextTokens(promptTokens);
  const common = Math.min(firstDifferentIndex, promptTokens.length - 1);
  if (common === held) return common;
  const { isRecurrent, isHybrid, swaSize } = sequence.model.fileInsights;
  if (isRecurrent || isHybrid) return 0;
  // Going back needs a whole window of cells before the cut; the library checks for one cell only.
  if (swaSize !== undefined && sequence.stateCellsStartIndex > Math.max(0, common - swaSize)) return 0;
  return common;
}
