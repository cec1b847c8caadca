// The vocabulary of the tiny models, and the chance that their weights come from.
import { tokenType, valueType } from "./gguf-file.mjs";

export const vocabularySize = 2048;
const wordMark = "\u2581"; // SentencePiece's sign for a space

/** A 32-bit generator (xorshift with a multiplying step): the same numbers from the same seed on every machine. */
export function createRandom(/** @type {number} */ seed) {
  let state = (Math.imul(seed, 0x9e3779b1) ^ 0x5bd1e995) >>> 0 || 1;
  return () => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return (Math.imul(state, 0x2545f491) >>> 0) / 0x1_0000_0000;
  };
}

export function createVocabulary() {
  /** @type {{ text: string, score: number, type: number }[]} */
  const tokens = [
    { text: "<pad>", score: 0, type: tokenType.control },
    { text: "<eos>", score: 0, type: tokenType.control },
    { text: "<bos>", score: 0, type: tokenType.control },
    { text: "<unk>", score: 0, type: tokenType.unknown },
    { text: "<start_of_turn>", score: 0, type: tokenType.control },
    { text: "<end_of_turn>", score: 0, type: tokenType.control },
  ];
  for (let byte = 0; byte < 256; byte++) {
    const hex = byte.toString(16).toUpperCase().padStart(2, "0");
    tokens.push({ text: `<0x${hex}>`, score: 0, type: tokenType.byte });
  }
  const quiet = tokens.length;
  const add = (/** @type {string} */ text) =>
    tokens.push({ text, score: quiet - tokens.length, type: tokenType.normal });
  for (const text of wordPieces()) {
    if (tokens.length === vocabularySize) break;
    add(text);
  }
  return { tokens, quiet };
}

/** Single characters, syllables and two-syllable words. Pieces that build longer ones come first: scores fall. */
function* wordPieces() {
  yield wordMark;
  for (let code = 0x21; code < 0x7f; code++) yield String.fromCharCode(code);
  yield* ["\n", "ä", "ö", "ü", "é", "ñ", "ß"];
  const syllables = [];
  for (const consonant of "bdfghklmnprstvwz") for (const vowel of "aeiou") syllables.push(consonant + vowel);
  yield* syllables;
  for (const syllable of syllables) yield wordMark + syllable;
  for (let step = 1; step < syllables.length; step++) {
    for (let i = 0; i < syllables.length; i++) {
      yield `${wordMark}${syllables[i]}${syllables[(i + step) % syllables.length]}`;
    }
  }
}

/** @returns {import("./gguf-file.mjs").Entry[]} */
export function vocabularyMetadata(/** @type {ReturnType<typeof createVocabulary>} */ { tokens }) {
  const { uint32, int32, float32, bool, string, array } = valueType;
  return [
    { key: "tokenizer.ggml.model", type: string, value: "llama" },
    { key: "tokenizer.ggml.pre", type: string, value: "default" },
    { key: "tokenizer.ggml.tokens", type: array, itemType: string, value: tokens.map((t) => t.text) },
    { key: "tokenizer.ggml.scores", type: array, itemType: float32, value: tokens.map((t) => t.score) },
    { key: "tokenizer.ggml.token_type", type: array, itemType: int32, value: tokens.map((t) => t.type) },
    { key: "tokenizer.ggml.padding_token_id", type: uint32, value: 0 },
    { key: "tokenizer.ggml.eos_token_id", type: uint32, value: 1 },
    { key: "tokenizer.ggml.bos_token_id", type: uint32, value: 2 },
    { key: "tokenizer.ggml.unknown_token_id", type: uint32, value: 3 },
    { key: "tokenizer.ggml.add_bos_token", type: bool, value: true },
    { key: "tokenizer.ggml.add_eos_token", type: bool, value: false },
    { key: "tokenizer.ggml.add_space_prefix", type: bool, value: false },
  ];
}
