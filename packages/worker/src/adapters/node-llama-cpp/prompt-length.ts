import { MusterError } from "@muster/base";

/** Tokenising a longer text at once would hold up the other answers. */
const pieceLength = 65_536;
/** The most tokens that a cut between two pieces adds. */
const cutTokens = 16;

/**
 * Whether a text has more than `maxTokens`, as far as that can be told before all of it is read: long texts are counted
 * piece by piece, so that one that never fits costs no more than one that does.
 */
export function isSurelyLonger(text: string, maxTokens: number, count: (piece: string) => number): boolean {
  if (text.length <= pieceLength || maxTokens === Number.POSITIVE_INFINITY) return false;
  let tokens = 0;
  for (let at = 0; at < text.length; at += pieceLength) {
    tokens += count(text.slice(at, at + pieceLength)) - cutTokens;
    if (tokens > maxTokens) return true;
  }
  return false;
}

/** `tokens`: how many the prompt has; undefined: more than can be. */
export function promptTooLong(
  param: "messages" | "prompt",
  contextTokens: number,
  tokens?: number,
): MusterError {
  return new MusterError(
    "context_length_exceeded",
    `The prompt has ${tokens ?? `more than ${contextTokens}`} tokens, and the context of ${contextTokens} tokens must hold it and at least one token of the answer. Shorten the prompt.`,
    { param },
  );
}
