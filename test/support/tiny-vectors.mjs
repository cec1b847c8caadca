// Small GGUF models with random weights that give vectors (EmbeddingGemma's architecture) and scores (BERT's).
import { buildGguf, constantData, matrix, uniformData, valueType, vector, writeWhole } from "./gguf-file.mjs";
import { createRandom, createVocabulary, vocabularyMetadata, vocabularySize } from "./tiny-vocabulary.mjs";

const shape = { embedding: 128, layers: 6, heads: 2, headLength: 64, feedForward: 256, contextLength: 512 };
/** Of llama.cpp: how the vectors of the tokens become one. */
const pooling = { mean: 1, rank: 4 };
const { uint32, float32, bool, string } = valueType;

/** What both have. */
function shapeMetadata(/** @type {string} */ architecture, /** @type {number} */ poolingType) {
  const key = (/** @type {string} */ name) => `${architecture}.${name}`;
  return [
    { key: "general.architecture", type: string, value: architecture },
    { key: "general.name", type: string, value: `tiny-${architecture}-random` },
    { key: "general.file_type", type: uint32, value: 1 },
    { key: key("context_length"), type: uint32, value: shape.contextLength },
    { key: key("embedding_length"), type: uint32, value: shape.embedding },
    { key: key("block_count"), type: uint32, value: shape.layers },
    { key: key("feed_forward_length"), type: uint32, value: shape.feedForward },
    { key: key("attention.head_count"), type: uint32, value: shape.heads },
    { key: key("attention.causal"), type: bool, value: false },
    { key: key("pooling_type"), type: uint32, value: poolingType },
  ];
}

/** @param {(name: (part: string) => string) => import("./gguf-file.mjs").Tensor[]} tensorsOf */
function eachLayer(tensorsOf) {
  return Array.from({ length: shape.layers }, (_, layer) =>
    tensorsOf((part) => `blk.${layer}.${part}`),
  ).flat();
}

/**
 * Writes an embedding model. Its layers add little to the vectors of the words, which are averaged: texts that share
 * words are near each other.
 * @param {string} path
 */
export async function writeTinyEmbedder(path) {
  const vocabulary = createVocabulary();
  const random = createRandom(3);
  const key = (/** @type {string} */ name) => `gemma-embedding.${name}`;
  const { embedding, heads, headLength, feedForward } = shape;
  const tensors = [
    matrix("token_embd.weight", embedding, vocabularySize),
    vector("output_norm.weight", embedding),
    ...eachLayer((name) => [
      vector(name("attn_norm.weight"), embedding),
      matrix(name("attn_q.weight"), embedding, heads * headLength),
      matrix(name("attn_k.weight"), embedding, headLength),
      matrix(name("attn_v.weight"), embedding, headLength),
      matrix(name("attn_output.weight"), heads * headLength, embedding),
      vector(name("attn_q_norm.weight"), headLength),
      vector(name("attn_k_norm.weight"), headLength),
      vector(name("post_attention_norm.weight"), embedding),
      vector(name("ffn_norm.weight"), embedding),
      matrix(name("ffn_gate.weight"), embedding, feedForward),
      matrix(name("ffn_up.weight"), embedding, feedForward),
      matrix(name("ffn_down.weight"), feedForward, embedding),
      vector(name("post_ffw_norm.weight"), embedding),
    ]),
  ];
  const file = buildGguf({
    metadata: [
      ...shapeMetadata("gemma-embedding", pooling.mean),
      { key: key("attention.head_count_kv"), type: uint32, value: 1 },
      { key: key("attention.key_length"), type: uint32, value: headLength },
      { key: key("attention.value_length"), type: uint32, value: headLength },
      { key: key("attention.layer_norm_rms_epsilon"), type: float32, value: 1e-6 },
      { key: key("attention.sliding_window"), type: uint32, value: 256 },
      { key: key("rope.freq_base"), type: float32, value: 10_000 },
      ...vocabularyMetadata(vocabulary),
    ],
    tensors,
    dataOf: (tensor) => {
      const { name, columns, rows } = tensor;
      if (rows === undefined) return constantData(tensor, name.includes(".post_") ? 0.05 : 1);
      return uniformData({ ...tensor, rows }, random, () => Math.sqrt(3 / columns));
    },
  });
  return writeWhole(path, file);
}

/**
 * Writes a reranker: a score for a query and a document together, meaningless but always the same.
 * @param {string} path
 */
export async function writeTinyReranker(path) {
  const vocabulary = createVocabulary();
  const random = createRandom(4);
  const { embedding, feedForward } = shape;
  const norm = (/** @type {string} */ name) => [
    vector(`${name}.weight`, embedding),
    vector(`${name}.bias`, embedding),
  ];
  const tensors = [
    matrix("token_embd.weight", embedding, vocabularySize),
    matrix("position_embd.weight", embedding, shape.contextLength),
    ...norm("token_embd_norm"),
    ...eachLayer((name) => [
      matrix(name("attn_q.weight"), embedding, embedding),
      matrix(name("attn_k.weight"), embedding, embedding),
      matrix(name("attn_v.weight"), embedding, embedding),
      matrix(name("attn_output.weight"), embedding, embedding),
      ...norm(name("attn_output_norm")),
      matrix(name("ffn_up.weight"), embedding, feedForward),
      matrix(name("ffn_down.weight"), feedForward, embedding),
      ...norm(name("layer_output_norm")),
    ]),
    matrix("cls.weight", embedding, embedding),
    vector("cls.bias", embedding),
    matrix("cls.output.weight", embedding, 1),
    vector("cls.output.bias", 1),
  ];
  const file = buildGguf({
    metadata: [
      ...shapeMetadata("bert", pooling.rank),
      { key: "bert.attention.layer_norm_epsilon", type: float32, value: 1e-6 },
      { key: "tokenizer.ggml.token_type_count", type: uint32, value: 1 },
      ...vocabularyMetadata(vocabulary),
    ],
    tensors,
    dataOf: (tensor) => {
      const { name, columns, rows } = tensor;
      if (rows === undefined) return constantData(tensor, name.endsWith(".bias") ? 0 : 1);
      return uniformData({ ...tensor, rows }, random, () => Math.sqrt(3 / columns));
    },
  });
  return writeWhole(path, file);
}
