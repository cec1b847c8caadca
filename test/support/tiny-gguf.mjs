// Writes a small GGUF v3 model with random weights: Gemma 3's architecture and chat format, no download.
// As a script: node test/support/tiny-gguf.mjs OUT [SEED]
import { rename, rm, writeFile } from "node:fs/promises";
import { resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { ByteWriter } from "./byte-writer.mjs";

const shape = {
  vocab: 2048,
  embedding: 128,
  layers: 6, // Gemma 3 has one layer of full attention after every five with a sliding window
  heads: 2,
  kvHeads: 1,
  headLength: 64,
  feedForward: 256,
  contextLength: 32_768,
  slidingWindow: 256,
};
const tensorAlignment = 32;
const wordMark = "\u2581"; // SentencePiece's sign for a space

const chatTemplate = [
  "{{ bos_token }}",
  "{%- set ns = namespace(preface='') -%}",
  "{%- for message in messages -%}",
  "{%- if message['role'] == 'system' -%}",
  "{%- if not loop.first -%}{{ raise_exception('a system message must come first') }}{%- endif -%}",
  "{%- set ns.preface = message['content'] + '\n\n' -%}",
  "{%- else -%}",
  "{%- set role = 'model' if message['role'] == 'assistant' else message['role'] -%}",
  "{{ '<start_of_turn>' + role + '\n' + ns.preface + message['content'] | trim + '<end_of_turn>\n' }}",
  "{%- set ns.preface = '' -%}",
  "{%- endif -%}",
  "{%- endfor -%}",
  "{%- if add_generation_prompt -%}{{ '<start_of_turn>model\n' }}{%- endif -%}",
].join("");

/** Numbers of the GGUF format: value types, then tensor types, then token types. */
const valueType = { uint32: 4, int32: 5, float32: 6, bool: 7, string: 8, array: 9 };
const tensorType = { float32: 0, float16: 1 };
const tokenType = { normal: 1, unknown: 2, control: 3, byte: 6 };

/** A 32-bit generator (xorshift with a multiplying step): the same numbers from the same seed on every machine. */
function createRandom(/** @type {number} */ seed) {
  let state = (Math.imul(seed, 0x9e3779b1) ^ 0x5bd1e995) >>> 0 || 1;
  return () => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return (Math.imul(state, 0x2545f491) >>> 0) / 0x1_0000_0000;
  };
}

function createVocabulary() {
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
    if (tokens.length === shape.vocab) break;
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

/** @typedef {{ key: string, type: number, value: unknown, itemType?: number }} Entry */

/** @returns {Entry[]} */
function createMetadata(/** @type {ReturnType<typeof createVocabulary>} */ vocabulary) {
  const { uint32, int32, float32, bool, string, array } = valueType;
  const { tokens } = vocabulary;
  return [
    { key: "general.architecture", type: string, value: "gemma3" },
    { key: "general.name", type: string, value: "tiny-gemma3-random" },
    { key: "general.file_type", type: uint32, value: 1 },
    { key: "gemma3.context_length", type: uint32, value: shape.contextLength },
    { key: "gemma3.embedding_length", type: uint32, value: shape.embedding },
    { key: "gemma3.block_count", type: uint32, value: shape.layers },
    { key: "gemma3.feed_forward_length", type: uint32, value: shape.feedForward },
    { key: "gemma3.attention.head_count", type: uint32, value: shape.heads },
    { key: "gemma3.attention.head_count_kv", type: uint32, value: shape.kvHeads },
    { key: "gemma3.attention.key_length", type: uint32, value: shape.headLength },
    { key: "gemma3.attention.value_length", type: uint32, value: shape.headLength },
    { key: "gemma3.attention.layer_norm_rms_epsilon", type: float32, value: 1e-6 },
    { key: "gemma3.attention.sliding_window", type: uint32, value: shape.slidingWindow },
    { key: "gemma3.rope.freq_base", type: float32, value: 10_000 },
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
    { key: "tokenizer.chat_template", type: string, value: chatTemplate },
  ];
}

function writeValue(/** @type {ByteWriter} */ out, /** @type {number} */ type, /** @type {any} */ value) {
  if (type === valueType.uint32) out.uint32(value);
  else if (type === valueType.int32) out.int32(value);
  else if (type === valueType.float32) out.float32(value);
  else if (type === valueType.bool) out.bytes(Buffer.from([value ? 1 : 0]));
  else out.string(value);
}

function writeEntry(/** @type {ByteWriter} */ out, /** @type {Entry} */ entry) {
  out.string(entry.key);
  out.uint32(entry.type);
  if (entry.itemType === undefined) {
    writeValue(out, entry.type, entry.value);
    return;
  }
  const items = /** @type {unknown[]} */ (entry.value);
  out.uint32(entry.itemType);
  out.uint64(items.length);
  for (const item of items) writeValue(out, entry.itemType, item);
}

/** The tensors by name; `columns` is the length of a row, the fastest dimension. A vector has no rows. */
function listTensors() {
  const { vocab, embedding, heads, kvHeads, headLength, feedForward } = shape;
  /** @returns {{ name: string, columns: number, rows?: number }} */
  const vector = (/** @type {string} */ name, /** @type {number} */ columns) => ({ name, columns });
  const matrix = (/** @type {string} */ name, /** @type {number} */ columns, /** @type {number} */ rows) => {
    return { ...vector(name, columns), rows };
  };
  const tensors = [matrix("token_embd.weight", embedding, vocab), vector("output_norm.weight", embedding)];
  for (let layer = 0; layer < shape.layers; layer++) {
    const name = (/** @type {string} */ part) => `blk.${layer}.${part}.weight`;
    tensors.push(
      vector(name("attn_norm"), embedding),
      matrix(name("attn_q"), embedding, heads * headLength),
      matrix(name("attn_k"), embedding, kvHeads * headLength),
      matrix(name("attn_v"), embedding, kvHeads * headLength),
      matrix(name("attn_output"), heads * headLength, embedding),
      vector(name("attn_q_norm"), headLength),
      vector(name("attn_k_norm"), headLength),
      vector(name("post_attention_norm"), embedding),
      vector(name("ffn_norm"), embedding),
      matrix(name("ffn_gate"), embedding, feedForward),
      matrix(name("ffn_up"), embedding, feedForward),
      matrix(name("ffn_down"), feedForward, embedding),
      vector(name("post_ffw_norm"), embedding),
    );
  }
  return tensors;
}

/** The nearest half-precision number below, as its 16 bits; what is too small becomes 0. */
function toFloat16(/** @type {number} */ value) {
  const scratch = Buffer.alloc(4);
  scratch.writeFloatBE(value);
  const bits = scratch.readUInt32BE();
  const sign = (bits >>> 16) & 0x8000;
  const exponent = ((bits >>> 23) & 0xff) - 127 + 15;
  if (exponent <= 0) return sign;
  return sign | (exponent << 10) | ((bits >>> 13) & 0x3ff);
}

/**
 * Weights uniform around 0. Embeddings are small beside what the layers add, or the model (its output layer is the
 * same matrix) would repeat its last token; the last norm is large, so that some tokens are clearly likelier than
 * others. Rows of control and byte tokens are nearly 0, so that it answers in words.
 */
function tensorData(
  /** @type {ReturnType<typeof listTensors>[number]} */ tensor,
  /** @type {{ random: () => number, quiet: number }} */ { random, quiet },
) {
  if (tensor.rows === undefined) {
    const scale = tensor.name === "output_norm.weight" ? 10 : 1;
    const scales = Buffer.alloc(tensor.columns * 4);
    for (let i = 0; i < tensor.columns; i++) scales.writeFloatLE(scale, i * 4);
    return scales;
  }
  const isEmbedding = tensor.name === "token_embd.weight";
  const spread = isEmbedding ? 0.05 : Math.sqrt(3 / tensor.columns);
  const data = Buffer.alloc(tensor.columns * tensor.rows * 2);
  for (let row = 0; row < tensor.rows; row++) {
    const scale = isEmbedding && row < quiet ? spread * 0.05 : spread;
    for (let column = 0; column < tensor.columns; column++) {
      data.writeUInt16LE(toFloat16((random() * 2 - 1) * scale), (row * tensor.columns + column) * 2);
    }
  }
  return data;
}

/** The whole file for one seed. */
function buildGguf(/** @type {number} */ seed) {
  const vocabulary = createVocabulary();
  const source = { random: createRandom(seed), quiet: vocabulary.quiet };
  const metadata = createMetadata(vocabulary);
  const tensors = listTensors();
  const body = new ByteWriter();
  const head = new ByteWriter();
  head.bytes(Buffer.from("GGUF"));
  head.uint32(3);
  head.uint64(tensors.length);
  head.uint64(metadata.length);
  for (const entry of metadata) writeEntry(head, entry);
  for (const tensor of tensors) {
    head.string(tensor.name);
    const dimensions = tensor.rows === undefined ? [tensor.columns] : [tensor.columns, tensor.rows];
    head.uint32(dimensions.length);
    for (const dimension of dimensions) head.uint64(dimension);
    head.uint32(tensor.rows === undefined ? tensorType.float32 : tensorType.float16);
    head.uint64(body.length);
    body.bytes(tensorData(tensor, source));
    body.pad(tensorAlignment);
  }
  head.pad(tensorAlignment);
  return Buffer.concat([head.whole(), body.whole()]);
}

/**
 * @param {string} path
 * @param {{ seed?: number }} [options]
 */
export async function writeTinyGguf(path, options = {}) {
  const file = buildGguf(options.seed ?? 1);
  // A rename shows the file whole or not at all, also to tests that run at once.
  const partial = `${path}.${process.pid}.partial`;
  try {
    await writeFile(partial, file);
    await rename(partial, path);
  } catch (error) {
    await rm(partial, { force: true });
    throw error;
  }
  return { bytes: file.length };
}

if (process.argv[1] !== undefined && resolve(process.argv[1]) === fileURLToPath(import.meta.url)) {
  const [, , out, seed] = process.argv;
  if (out === undefined) {
    process.stderr.write("Usage: node test/support/tiny-gguf.mjs OUT [SEED]\n");
    process.exitCode = 2;
  } else {
    const { bytes } = await writeTinyGguf(out, seed === undefined ? {} : { seed: Number(seed) });
    process.stdout.write(`${out}: ${bytes} bytes\n`);
  }
}
