// Writes a small GGUF v3 model with random weights: Gemma 3's architecture and chat format, no download.
// As a script: node test/support/tiny-gguf.mjs OUT [SEED]
import { resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { buildGguf, constantData, matrix, uniformData, valueType, vector, writeWhole } from "./gguf-file.mjs";
import { createRandom, createVocabulary, vocabularyMetadata, vocabularySize } from "./tiny-vocabulary.mjs";

const shape = {
  vocab: vocabularySize,
  embedding: 128,
  layers: 6, // Gemma 3 has one layer of full attention after every five with a sliding window
  heads: 2,
  kvHeads: 1,
  headLength: 64,
  feedForward: 256,
  contextLength: 32_768,
  slidingWindow: 256,
};
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

/** @returns {import("./gguf-file.mjs").Entry[]} */
function createMetadata(
  /** @type {ReturnType<typeof createVocabulary>} */ vocabulary,
  /** @type {string} */ template,
) {
  const { uint32, float32, string } = valueType;
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
    ...vocabularyMetadata(vocabulary),
    { key: "tokenizer.chat_template", type: string, value: template },
  ];
}

function listTensors() {
  const { vocab, embedding, heads, kvHeads, headLength, feedForward } = shape;
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

/**
 * Weights uniform around 0. Embeddings are small beside what the layers add, or the model (its output layer is the
 * same matrix) would repeat its last token; the last norm is large, so that some tokens are clearly likelier than
 * others. Rows of control and byte tokens are nearly 0, so that it answers in words.
 */
function tensorData(
  /** @type {import("./gguf-file.mjs").Tensor} */ tensor,
  /** @type {{ random: () => number, quiet: number }} */ { random, quiet },
) {
  const { name, columns, rows } = tensor;
  if (rows === undefined) return constantData(tensor, name === "output_norm.weight" ? 10 : 1);
  const isEmbedding = name === "token_embd.weight";
  const spread = isEmbedding ? 0.05 : Math.sqrt(3 / columns);
  return uniformData({ ...tensor, rows }, random, (row) =>
    isEmbedding && row < quiet ? spread * 0.05 : spread,
  );
}

/**
 * @param {string} path
 * @param {{ seed?: number, chatTemplate?: string }} [options]
 */
export async function writeTinyGguf(path, options = {}) {
  const vocabulary = createVocabulary();
  const source = { random: createRandom(options.seed ?? 1), quiet: vocabulary.quiet };
  const file = buildGguf({
    metadata: createMetadata(vocabulary, options.chatTemplate ?? chatTemplate),
    tensors: listTensors(),
    dataOf: (tensor) => tensorData(tensor, source),
  });
  return writeWhole(path, file);
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
