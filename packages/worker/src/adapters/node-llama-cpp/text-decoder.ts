/** Turns tokens into text; `before` are the tokens that precede them (spaces depend on them). */
export type Detokenize<T> = (tokens: readonly T[], before: readonly T[]) => string;

export interface TextDecoder<T> {
  /** The text that `token` completed; "" while a character is still incomplete. */
  push(token: T): string;
  /** What was held back, once no more tokens follow: half a character is dropped. */
  flush(): string;
}

/** Tokens kept as left neighbours of the ones being decoded. */
const contextTokens = 4;
/** A window that has not ended on a whole character by then is given up: its half character is dropped. */
const maxWindowTokens = 128;
/** What detokenising gives for bytes that are not (yet) a character. */
export const replacementCharacter = "\ufffd";

/**
 * Detokenises one token at a time and never gives out half a character: one character may be spread over several
 * tokens, and the text of a token may depend on its neighbours. Works on a window that ends at the last point where
 * the text was whole.
 * @param replacementTokens how the vocabulary writes U+FFFD: tells a written one from half a character
 */
export function createTextDecoder<T>(
  detokenize: Detokenize<T>,
  promptTokens: readonly T[],
  replacementTokens: readonly T[] = [],
): TextDecoder<T> {
  let before = promptTokens.slice(-contextTokens);
  let window: T[] = [];
  let given = 0;
  return {
    push(token) {
      window.push(token);
      const text = detokenize(window, before);
      const isWhole = !text.endsWith(replacementCharacter);
      const fresh = text.slice(given, isWhole ? undefined : -1);
      if (isWhole || window.length >= maxWindowTokens) {
        before = [...before, ...window].slice(-contextTokens);
        window = [];
        given = 0;
      } else {
        given = Math.max(given, text.length - 1);
      }
      return fresh;
    },
    flush() {
      const { length } = replacementTokens;
      const isWritten = length > 0 && window.length >= length && endsWith(window, replacementTokens);
      before = [...before, ...window].slice(-contextTokens);
      window = [];
      given = 0;
      return isWritten ? replacementCharacter : "";
    },
  };
}

function endsWith<T>(tokens: readonly T[], end: readonly T[]): boolean {
  return end.every((token, i) => token === tokens[tokens.length - end.length + i]);
}
