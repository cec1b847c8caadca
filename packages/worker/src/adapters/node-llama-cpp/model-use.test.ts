import type { LlamaModel } from "node-llama-cpp";
import { describe, expect, it } from "vitest";
import { modelUse } from "./model-use.ts";

type Facts = Parameters<typeof modelUse>[0];

function file(
  architectureMetadata: Readonly<Record<string, unknown>>,
  supportsRanking = false,
  architecture = "llama",
): Facts {
  const metadata = { general: { architecture } };
  return {
    fileInfo: { architectureMetadata, metadata } as unknown as LlamaModel["fileInfo"],
    fileInsights: { supportsRanking } as LlamaModel["fileInsights"],
  };
}

describe("what a model is made for", () => {
  it.each([
    ["a model that writes", file({ attention: {} }), { kind: "generate" }],
    ["one that says that it does not pool", file({ pooling_type: 0 }), { kind: "generate" }],
    ["an encoder", file({ pooling_type: 2, attention: { causal: false } }), { kind: "embed", isWhole: true }],
    ["a mean of all tokens", file({ pooling_type: 1 }), { kind: "embed", isWhole: true }],
    ["a writer trained to embed", file({ pooling_type: 3 }), { kind: "embed", isWhole: false }],
    ["a reranker", file({ pooling_type: 4 }, true), { kind: "rank" }],
  ])("is told by its file: %s", (_name, facts, use) => {
    expect(modelUse(facts)).toEqual(use);
  });

  it.each([
    ["a reranker without a head", file({ pooling_type: 4 })],
    ["one that reads with an encoder and writes", file({}, false, "t5")],
    ["an encoder that does not pool", file({ attention: { causal: false } })],
  ])("refuses %s", (_name, facts) => {
    expect(() => modelUse(facts)).toThrow(expect.objectContaining({ code: "model_load_failed" }));
  });
});
