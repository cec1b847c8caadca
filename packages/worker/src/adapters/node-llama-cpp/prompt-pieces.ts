import type { LlamaModel, Token } from "node-llama-cpp";
import { nextTurn, throwIfCancelled } from "./embedder.ts";
import { createTextDecoder, replacementCharacter } from "./text-decoder.ts";

/** Tokens whose texts are made before other work gets its turn. */
const tokensPerTurn = 1000;

/** The text of each token; where a character takes several, of the one that completes it. */
export async function textsOf(
  model: LlamaModel,
  tokens: readonly Token[],
  isCancelled: () => boolean,
): Promise<string[]> {
  const decoder = createTextDecoder<Token>(
    (window, before) => model.detokenize(window, true, before),
    [],
    model.tokenize(replacementCharacter, false, "trimLeadingSpace"),
  );
  const texts: string[] = [];
  for (const token of tokens) {
    texts.push(decoder.push(token));
    if (texts.length % tokensPerTurn !== 0) continue;
    await nextTurn();
    throwIfCancelled(isCancelled);
  }
  const last = texts.pop();
  return last === undefined ? [] : [...texts, last + decoder.flush()];
}
