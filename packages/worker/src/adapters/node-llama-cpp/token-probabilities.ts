import type { TokenLogprob } from "@muster/base";
import type { LlamaModel, Token } from "node-llama-cpp";
import type { CachedSequence } from "./cached-sequence.ts";
import type { NativeEngine, NativeSampler } from "./native-context.ts";

/** Candidates that probabilities are shared out among: all of a large vocabulary take a second a token. */
const observedCandidates = 64;
/** As OpenAI has it: so unlikely that the candidates do not hold it (a grammar or a bias chose it). */
const unlikelyLogprob = -9999;

/**
 * Samplers that only look: beside the one that chooses, at the same logits, at temperature 1 and without penalties,
 * biases or grammar, so that the answer is the same as without them. One for each sequence, made when first wanted.
 */
export function createObservers(engine: NativeEngine): (sequence: CachedSequence) => NativeSampler {
  const observers = new Map<number, NativeSampler>();
  return ({ id }) => {
    const known = observers.get(id);
    if (known !== undefined) return known;
    const made = engine.createSampler();
    made.applyConfig({ temperature: 1, topK: observedCandidates, topP: 1, minP: 0, seed: 0 });
    observers.set(id, made);
    return made;
  };
}

export interface LogprobLog {
  /** Takes note of a token that may be answer; `text`: what it completed. */
  push(token: Token, text: string, candidates: ReadonlyMap<Token, number>): void;
  /**
   * The tokens that begin within the answer's next piece. One that is cut goes with its first part, one without text
   * of its own with the token that completes it. What was noted and is not in the answer (the marks of a call, space
   * before it) is dropped.
   */
  take(piece: string): TokenLogprob[];
}

/** Keeps probabilities until their tokens' text is given out: what a stop string cuts away is not reported. */
export function createLogprobLog(model: LlamaModel, topCount: number): LogprobLog {
  let waiting: TokenLogprob[] = [];
  /** What the tokens that wait say, after the rest of the one that was cut. */
  let text = "";
  let cutLength = 0;
  let before: Token[] = [];
  return {
    push(token, completed, candidates) {
      const textOfOther = (other: Token) => model.detokenize([other], true, before);
      waiting.push(toLogprob({ token, text: completed, candidates, topCount }, textOfOther));
      text += completed;
      before = [token];
    },
    take(piece) {
      const start = text.indexOf(piece);
      if (piece === "" || start < 0) return [];
      const end = start + piece.length;
      let from = 0;
      let place = cutLength;
      // Whole tokens before the piece are not part of the answer.
      while (place < start && place + lengthAt(waiting, from) <= start) {
        place += lengthAt(waiting, from);
        from += 1;
      }
      let to = from;
      while (to < waiting.length && place < end) {
        place += lengthAt(waiting, to);
        to += 1;
      }
      const taken = waiting.slice(from, to);
      waiting = waiting.slice(to);
      cutLength = Math.max(0, place - end);
      text = text.slice(end);
      return taken;
    },
  };
}

function lengthAt(logprobs: readonly TokenLogprob[], place: number): number {
  return logprobs[place]?.text.length ?? 0;
}

interface Observed {
  readonly token: Token;
  readonly text: string;
  /** Best first, with probabilities that add up to 1. */
  readonly candidates: ReadonlyMap<Token, number>;
  readonly topCount: number;
}

export function toLogprob(
  { token, text, candidates, topCount }: Observed,
  textOfOther: (token: Token) => string,
): TokenLogprob {
  const best = [...candidates].slice(0, topCount);
  return {
    text,
    logprob: logarithm(candidates.get(token)),
    top: best.map(([candidate, probability]) => ({
      text: candidate === token ? text : textOfOther(candidate),
      logprob: logarithm(probability),
    })),
  };
}

function logarithm(probability: number | undefined): number {
  // A probability too small for its 32 bits is 0.
  return probability === undefined || probability <= 0 ? unlikelyLogprob : Math.min(0, Math.log(probability));
}
