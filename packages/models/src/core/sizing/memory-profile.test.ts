import fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { GgufHeader, GgufValue } from "../gguf-header.ts";
import { headerOf, tokens } from "./headers.fixture.ts";
import { memoryProfile } from "./memory-profile.ts";
import { replicaMemory } from "./replica-memory.ts";

function profileOf(header: GgufHeader) {
  const result = memoryProfile(header);
  if (result.kind === "unknown") throw new Error(result.reason);
  return result.profile;
}

const llama = {
  block_count: 32,
  embedding_length: 4096,
  "attention.head_count": 32,
  "attention.head_count_kv": 8,
};
const layersOf = (count: number, of: (layer: number) => GgufValue) =>
  Array.from({ length: count }, (_, layer) => of(layer));

describe("the memory profile of a header", () => {
  test("counts keys and values of all layers, heads being as long as the file says or as they must be", () => {
    expect(profileOf(headerOf("llama", llama))).toMatchObject({
      layers: 32,
      kvBytesPerToken: 32 * 8 * 128 * 2 * 2,
      kvWindowBytesPerToken: 0,
      windowTokens: 0,
      stateBytesPerSlot: 0,
      use: "generate",
    });
    const longer = headerOf("qwen3", { ...llama, "attention.key_length": 256, "attention.value_length": 64 });
    expect(profileOf(longer).kvBytesPerToken).toBe(32 * 8 * (256 + 64) * 2);
  });

  test("knows what stays in main memory, what a GPU gets twice and what each token reads", () => {
    const sizes = {
      "token_embd.weight": 1000,
      "per_layer_token_embd.weight": 5000,
      "output_norm.weight": 8,
      "blk.0.ffn_up_exps.weight": 600,
      "blk.1.ffn_down_exps.weight": 200,
      "blk.1.attn_q.weight": 50,
    };
    const values = {
      ...llama,
      block_count: 2,
      expert_count: 8,
      expert_used_count: 2,
      "tokenizer.ggml.tokens": tokens(99),
    };
    expect(profileOf(headerOf("gemma4", values, sizes))).toMatchObject({
      weightsBytes: 6858,
      hostWeightsBytes: 6000,
      copiedWeightsBytes: 1000,
      activeWeightsBytes: 8 + 50 + 1000 + 800 / 4,
      vocabularySize: 99,
    });
    const untied = profileOf(headerOf("gemma4", values, { ...sizes, "output.weight": 1000 }));
    expect(untied).toMatchObject({ copiedWeightsBytes: 0, activeWeightsBytes: 8 + 50 + 1000 + 200 });
  });

  test.each([
    ["gemma2", 26, { "attention.sliding_window": 4096 }, 13, 4096],
    ["gemma2", 26, {}, 13, 4096],
    ["gemma3", 18, { "attention.sliding_window": 512 }, 15, 512],
    ["gemma3", 18, {}, 0, 0],
    ["gpt-oss", 24, { "attention.sliding_window": 128 }, 12, 128],
    ["cohere2", 40, { "attention.sliding_window": 4096 }, 30, 4096],
    ["cohere2", 40, { "attention.sliding_window": 4096, "attention.sliding_window_pattern": 2 }, 20, 4096],
    ["llama4", 48, {}, 36, 8192],
    ["llama4", 48, { "attention.sliding_window": 0 }, 0, 0],
    ["exaone4", 64, {}, 48, 4096],
    ["exaone4", 30, { "attention.sliding_window": 4096 }, 0, 0],
    ["smallthinker", 32, { "attention.sliding_window": 1024 }, 24, 4096],
    ["phi3", 32, { "attention.sliding_window": 2047 }, 0, 0],
    ["qwen2", 28, { "attention.sliding_window": 32_768 }, 0, 0],
  ] as const)(
    "%s of %i layers with %j has windows in %i of %i tokens",
    (architecture, layers, values, windows, size) => {
      const profile = profileOf(headerOf(architecture, { ...llama, block_count: layers, ...values }));
      const ofLayer = 8 * 128 * 2 * 2;
      expect(profile).toMatchObject({
        kvBytesPerToken: (layers - windows) * ofLayer,
        kvWindowBytesPerToken: windows * ofLayer,
        windowTokens: size,
      });
    },
  );

  test("reads Gemma 4's lists: heads for each layer, shorter ones with a window, caches shared by the last layers", () => {
    const isWindow = (layer: number) => layer % 6 !== 5;
    const header = headerOf("gemma4", {
      ...{ block_count: 30, embedding_length: 2816, "attention.head_count": 16 },
      "attention.head_count_kv": layersOf(30, (layer) => (isWindow(layer) ? 8 : 2)),
      ...{ "attention.key_length": 512, "attention.value_length": 512 },
      ...{ "attention.key_length_swa": 256, "attention.value_length_swa": 256 },
      ...{ "attention.sliding_window": 1024, "attention.shared_kv_layers": 12 },
      "attention.sliding_window_pattern": layersOf(30, isWindow),
    });
    expect(profileOf(header)).toMatchObject({
      kvBytesPerToken: 3 * 2 * 1024 * 2,
      kvWindowBytesPerToken: 15 * 8 * 512 * 2,
      windowTokens: 1024,
    });
  });

  test("counts Gemma 3n's first 20 layers", () => {
    const values = { ...llama, block_count: 30, "attention.sliding_window": 512 };
    expect(profileOf(headerOf("gemma3n", values))).toMatchObject({
      kvBytesPerToken: 4 * 4096,
      kvWindowBytesPerToken: 16 * 4096,
    });
  });

  test("gives recurrent layers a state for each slot and no keys", () => {
    const ssm = {
      "ssm.conv_kernel": 4,
      "ssm.inner_size": 4096,
      "ssm.state_size": 128,
      "ssm.group_count": 16,
    };
    const state = (3 * (4096 + 2 * 16 * 128) + 128 * 4096) * 4;
    expect(profileOf(headerOf("qwen3next", { ...llama, block_count: 48, ...ssm }))).toMatchObject({
      kvBytesPerToken: 12 * 4096,
      stateBytesPerSlot: 36 * state,
    });
    const mamba = { block_count: 24, embedding_length: 768, ...ssm };
    expect(profileOf(headerOf("mamba2", mamba))).toMatchObject({
      kvBytesPerToken: 0,
      stateBytesPerSlot: 24 * state,
    });
    const heads = layersOf(4, (layer) => (layer === 3 ? 8 : 0));
    const hybrid = { ...llama, ...ssm, block_count: 4, "attention.head_count_kv": heads };
    expect(profileOf(headerOf("granitehybrid", hybrid))).toMatchObject({
      kvBytesPerToken: 4096,
      stateBytesPerSlot: 3 * state,
    });
    const both = profileOf(headerOf("falcon-h1", { ...llama, ...ssm }));
    expect(both).toMatchObject({ kvBytesPerToken: 32 * 4096, stateBytesPerSlot: 32 * state });
  });

  test("counts one compressed vector where attention is latent, and all heads in older files", () => {
    const mla = { block_count: 61, embedding_length: 7168, "attention.head_count": 128 };
    const compressed = {
      "attention.key_length": 576,
      "attention.value_length": 512,
      "attention.key_length_mla": 192,
    };
    const latent = headerOf("deepseek2", { ...mla, "attention.head_count_kv": 1, ...compressed });
    expect(profileOf(latent).kvBytesPerToken).toBe(61 * 576 * 2);
    const old = {
      "attention.key_length": 192,
      "attention.value_length": 128,
      "attention.head_count_kv": 128,
    };
    expect(profileOf(headerOf("deepseek2", { ...mla, ...old })).kvBytesPerToken).toBe(61 * 128 * 320 * 2);
  });

  test("knows models that give vectors, with a cache and without", () => {
    expect(profileOf(headerOf("bert", llama))).toMatchObject({ kvBytesPerToken: 0, use: "embed" });
    const causal = profileOf(headerOf("qwen3", { ...llama, pooling_type: 3 }));
    expect(causal.use).toBe("embed");
    expect(causal.kvBytesPerToken).toBeGreaterThan(0);
    const shape = { contextTokens: 2048, gpuLayers: 0 as const };
    expect(replicaMemory(causal, { slots: 8, ...shape })).toEqual(
      replicaMemory(causal, { slots: 1, ...shape }),
    );
  });

  test("leaves layers that guess further tokens without a cache", () => {
    const values = { ...llama, block_count: 47, nextn_predict_layers: 1 };
    expect(profileOf(headerOf("glm4moe", values)).kvBytesPerToken).toBe(46 * 4096);
  });

  test.each([
    ["a projector", headerOf("clip", llama), "not a model that writes"],
    ["a header without layers", headerOf("llama", { embedding_length: 64 }), "how many layers"],
    [
      "a header with layers beyond reason",
      headerOf("llama", { ...llama, block_count: 1e9 }),
      "how many layers",
    ],
    [
      "numbers beyond reason",
      headerOf("llama", { ...llama, "attention.key_length": 1e300 }),
      "make no sense",
    ],
    ["the first file of three", headerOf("llama", { ...llama, "split.count": 3 }), "cut into 3 files"],
    ["a type of weights from the future", headerOf("llama", llama, { "blk.0.x": undefined }), "unknown type"],
  ])("says why it cannot tell for %s", (_, header, reason) => {
    expect(memoryProfile(header)).toEqual({ kind: "unknown", reason: expect.stringContaining(reason) });
  });

  test("adds the files that a model is cut into", () => {
    const part = (name: string, bytes: number) =>
      headerOf("llama", { ...llama, "split.count": 2 }, { [name]: bytes });
    const result = memoryProfile(part("token_embd.weight", 10), [part("blk.31.attn_q.weight", 5)]);
    expect(result).toMatchObject({ profile: { weightsBytes: 15, hostWeightsBytes: 10 } });
  });

  test("answers for any values at all, without throwing", () => {
    const value = fc.oneof(
      fc.double(),
      fc.integer(),
      fc.bigInt(),
      fc.string(),
      fc.boolean(),
      fc.array(fc.oneof(fc.integer(), fc.boolean(), fc.string()), { maxLength: 8 }),
    );
    const keys = [
      ...Object.keys(llama),
      "attention.sliding_window",
      "attention.sliding_window_pattern",
      "expert_count",
    ];
    const architectures = fc.constantFrom(
      "gemma3",
      "gemma4",
      "qwen3next",
      "jamba",
      "rwkv7",
      "deepseek2",
      "constructor",
    );
    fc.assert(
      fc.property(architectures, fc.dictionary(fc.constantFrom(...keys), value), (architecture, values) => {
        const result = memoryProfile(headerOf(architecture, values));
        if (result.kind === "unknown") return;
        const numbers = Object.values(result.profile).filter((each) => typeof each === "number");
        expect(numbers.every((each) => Number.isSafeInteger(each) && each >= 0)).toBe(true);
      }),
      { numRuns: 1000 },
    );
  });
});
