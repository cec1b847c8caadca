/** Turns tokens into text; `before` are the tokens that precede them (spaces depend on them). */
export type Detokenize<T> = (tokens: readonly T[], before: readonly T[]) => string;

export interface TextDecoder<T> {
  /** The text that `token` completed; "" while a character is still incomplete. */
  push(token: T): string;
}

/** Tokens kept as left neighbours of the ones being decoded. */
const contextTokens = 4;
/** A window that has not ended on a whole character by then is given up: its half character is dropped. */
const maxWindowTokens = 128;
/** What detokenising gives for bytes that are not (yet) a character. */
const replacementCharacter = "\ufffd";

/**
 * Detokenises one token at a time and never gives out half a character: one character may be spread over several
 * tokens, and the text of a token may depend on its neighbours. Works on a window that ends at the last point where
 * the text was whole.
 */
export function createTextDecoder<T>(detokenize: Detokenize<T>, promptTokens: readonly T[]): TextDecoder<T> {
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
  };
}
