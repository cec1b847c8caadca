import type { LogitBias } from "@muster/base";
import { wordId, wordsOf } from "./words.ts";

/** The answer to a prompt without words. */
const fallbackWord = "nothing";

/**
 * Gives token number `index` of the answer to `text`: its words in a circle, a space before all but the first. Words
 * whose id is biased to -100 are left out.
 */
export function echoTokens(text: string, logitBias: readonly LogitBias[]): (index: number) => string {
  const banned = new Set(logitBias.filter(({ bias }) => bias <= -100).map(({ tokenId }) => tokenId));
  const words = wordsOf(text).filter((word) => !banned.has(wordId(word)));
  return (index) => {
    const word = words[index % Math.max(1, words.length)] ?? fallbackWord;
    return index === 0 ? word : ` ${word}`;
  };
}
