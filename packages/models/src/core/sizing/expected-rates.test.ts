import { describe, expect, test } from "vitest";
import type { MemoryProfile } from "../memory-profile.ts";
import { expectedRates } from "./expected-rates.ts";

/** About an 8B model in 4 bits. */
const dense: MemoryProfile = {
  architecture: "llama",
  weightsBytes: 4.9e9,
  hostWeightsBytes: 0.3e9,
  layers: 32,
  kvBytesPerToken: 131_072,
  kvWindowBytesPerToken: 0,
  windowTokens: 0,
  stateBytesPerSlot: 0,
  embeddingLength: 4096,
  vocabularySize: 128_256,
  maxContextTokens: 131_072,
};
const onGpu = { gpuShare: 1, gpuBytesPerSecond: 1008e9 };
const onCpu = { gpuShare: 0, ramBytesPerSecond: 30e9 };

function rates(profile: MemoryProfile, place: Parameters<typeof expectedRates>[1]) {
  const found = expectedRates(profile, place);
  if (found === undefined) throw new Error("no estimate");
  return found;
}

describe("the rates that are expected of a model", () => {
  test("are near what people measure: an 8B model in 4 bits on a large card and on a desktop's processor", () => {
    const gpu = rates(dense, onGpu);
    expect(gpu.decodeTokensPerSecond).toBeGreaterThan(90);
    expect(gpu.decodeTokensPerSecond).toBeLessThan(180);
    expect(gpu.prefillTokensPerSecond).toBeGreaterThan(1500);
    const cpu = rates(dense, onCpu);
    expect(cpu.decodeTokensPerSecond).toBeGreaterThan(3);
    expect(cpu.decodeTokensPerSecond).toBeLessThan(10);
  });

  test("depend on the weights that a token reads, not on all experts", () => {
    const sparse = { ...dense, activeWeightsBytes: 1e9 };
    const ratio = rates(sparse, onGpu).decodeTokensPerSecond / rates(dense, onGpu).decodeTokensPerSecond;
    expect(ratio).toBeGreaterThan(3);
  });

  test("fall with the context behind a sequence, but not beyond a window", () => {
    const speed = (profile: MemoryProfile, filledTokens: number) =>
      rates(profile, { ...onGpu, filledTokens }).decodeTokensPerSecond;
    expect(speed(dense, 100_000)).toBeLessThan(speed(dense, 1000) / 2);
    const windowed = { ...dense, kvBytesPerToken: 0, kvWindowBytesPerToken: 131_072, windowTokens: 512 };
    expect(speed(windowed, 100_000)).toBe(speed(windowed, 1000));
  });

  test("lie between the devices' where they share the layers", () => {
    const shared = rates(dense, { ...onGpu, ...onCpu, gpuShare: 0.5 }).decodeTokensPerSecond;
    expect(shared).toBeGreaterThan(rates(dense, onCpu).decodeTokensPerSecond);
    expect(shared).toBeLessThan(rates(dense, onGpu).decodeTokensPerSecond);
  });

  test("have a limit however small the model, and are not known without a speed", () => {
    const small = { ...dense, weightsBytes: 1e6, hostWeightsBytes: 0 };
    expect(rates(small, { ...onGpu, filledTokens: 0 }).decodeTokensPerSecond).toBeLessThanOrEqual(500);
    expect(expectedRates(dense, { gpuShare: 1 })).toBeUndefined();
    expect(expectedRates(dense, { gpuShare: 0.5, gpuBytesPerSecond: 1e12 })).toBeUndefined();
  });
});
