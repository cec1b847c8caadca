import type { Gpu } from "@muster/base";
import type { MemoryProfile } from "@muster/models";
import { describe, expect, test } from "vitest";
import { checkAgainstMachine } from "./memory-check.ts";

const profile: MemoryProfile = {
  architecture: "llama",
  weightsBytes: 40e9,
  hostWeightsBytes: 1e9,
  layers: 80,
  kvBytesPerToken: 327_680,
  kvWindowBytesPerToken: 0,
  windowTokens: 0,
  stateBytesPerSlot: 0,
  embeddingLength: 8192,
  vocabularySize: 128_256,
  maxContextTokens: 131_072,
};
const wanted = { model: "llama-70b", slots: 4, contextTokens: 8192, gpu: "auto" } as const;
const gpu: Gpu = { name: "Some GPU", vramBytes: 24e9, freeVramBytes: 1 };
const problem = (
  change: Partial<typeof wanted> | { gpu: "off" },
  machine: { ramBytes: number; gpus: Gpu[] },
) => {
  try {
    checkAgainstMachine(profile, { ...wanted, ...change }, machine);
    return undefined;
  } catch (error) {
    return error;
  }
};

describe("a model's need against the machine", () => {
  test("lets pass what all of its memory together can hold, whatever is free now", () => {
    expect(problem({}, { ramBytes: 64e9, gpus: [] })).toBeUndefined();
    expect(problem({}, { ramBytes: 32e9, gpus: [gpu] })).toBeUndefined();
  });

  test("refuses what is surely too large, and says how much is needed and how much there is", () => {
    expect(problem({}, { ramBytes: 32e9, gpus: [] })).toMatchObject({
      code: "model_load_failed",
      message: expect.stringMatching(
        /^"llama-70b" needs 51\.\d GB of memory \(40\.0 GB of weights.*4 slots of 8192 tokens\), and this machine has 32\.0 GB\. /,
      ),
    });
    const message = expect.stringContaining("32.0 GB and 8.0 GB on its GPUs");
    expect(problem({}, { ramBytes: 32e9, gpus: [{ ...gpu, vramBytes: 8e9 }] })).toMatchObject({ message });
  });

  test("does not count GPUs that may not be used, nor memory that they share with the processor", () => {
    expect(problem({ gpu: "off" }, { ramBytes: 32e9, gpus: [gpu] })).toBeDefined();
    expect(problem({}, { ramBytes: 32e9, gpus: [{ ...gpu, isUnified: true }] })).toBeDefined();
  });
});
