import { existsSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { silentLog } from "@muster/base";
import {
  defaultModelDirectory,
  type MemoryProfile,
  memoryParts,
  processBytes,
  readModelProfile,
  replicaMemory,
} from "@muster/models";
import { describe, expect, it, onTestFinished } from "vitest";
import { hostEnvironment } from "../common/config.ts";
import { createNodeLlamaCppEngine } from "./engine.ts";
import { hollowGemma4, hollowMamba2, hollowQwen3Moe, writeHollowModel } from "./hollow-model.fixture.ts";

const tiny = fileURLToPath(new URL("../../../../models/built-in/tiny-gemma.gguf", import.meta.url));
/** Fetched by `muster doctor`. */
const gemma = join(defaultModelDirectory(hostEnvironment), "gemma-3-270m-q4_k_m.gguf");

async function profileOf(path: string): Promise<MemoryProfile> {
  const result = await readModelProfile(path);
  if (result.kind === "unknown") throw new Error(result.reason);
  return result.profile;
}

async function load(modelPath: string, shape: { readonly slots: number; readonly contextTokens: number }) {
  const replica = await createNodeLlamaCppEngine({ log: silentLog }).load(
    { modelPath, ...shape, threads: 1, gpu: "off" },
    { signal: new AbortController().signal, onProgress: () => {} },
  );
  onTestFinished(() => replica.close());
  return replica.info;
}

/** What llama.cpp has allocated against what was predicted, both without the process, in which small models drown. */
async function compare(path: string, shape: { readonly slots: number; readonly contextTokens: number }) {
  const profile = await profileOf(path);
  const { memory, offload } = await load(path, shape);
  if (memory === undefined) throw new Error("the engine did not tell what it takes");
  const parts = memoryParts(profile, shape);
  const predicted = parts.weightsBytes + parts.cacheBytes + parts.computeBytes;
  const whole = replicaMemory(profile, { ...shape, gpuLayers: 0 });
  return {
    buffers: (memory.ramBytes - processBytes(profile.vocabularySize)) / predicted,
    whole: memory.ramBytes / whole.ramBytes,
    vramBytes: memory.vramBytes,
    ...{ offload, layers: profile.layers },
  };
}

const withinTenPercent = (ratio: number) => {
  expect(ratio).toBeGreaterThan(0.9);
  expect(ratio).toBeLessThan(1.1);
};

describe("predicted memory against what llama.cpp allocates", { timeout: 60_000 }, () => {
  it.each([
    { slots: 1, contextTokens: 512 },
    { slots: 3, contextTokens: 1000 },
    { slots: 16, contextTokens: 1024 },
  ])("is within a tenth for the built-in model with $slots slots of $contextTokens tokens", async (shape) => {
    const found = await compare(tiny, shape);
    withinTenPercent(found.buffers);
    withinTenPercent(found.whole);
    expect(found.vramBytes).toBe(0);
    expect(found.offload).toEqual({ gpuLayers: 0, layers: found.layers + 1 });
  });

  it.each([
    ["with windows, shared caches and embeddings for each layer", hollowGemma4],
    ["with experts", hollowQwen3Moe],
    ["with states instead of keys", hollowMamba2],
  ])("is within a tenth for a model %s", async (_, model) => {
    const folder = await mkdtemp(join(tmpdir(), "muster-hollow-"));
    onTestFinished(() => rm(folder, { recursive: true, force: true }));
    const path = join(folder, "hollow.gguf");
    await writeHollowModel(path, model());
    const found = await compare(path, { slots: 4, contextTokens: 4096 });
    withinTenPercent(found.buffers);
    withinTenPercent(found.whole);
  });

  it.skipIf(!existsSync(gemma)).each([
    { slots: 1, contextTokens: 2048 },
    { slots: 4, contextTokens: 8192 },
  ])(
    "is within a tenth for Gemma 3 270M, where muster doctor has fetched it, with $slots slots of $contextTokens tokens",
    async (shape) => {
      const found = await compare(gemma, shape);
      withinTenPercent(found.buffers);
      withinTenPercent(found.whole);
    },
  );
});
