import fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { MemoryProfile } from "../memory-profile.ts";
import { type FitWish, fitShape } from "./fit-shape.ts";
import { replicaMemory } from "./replica-memory.ts";

const gib = 1024 ** 3;

/** About an 8B model in 4 bits, without windows. */
const llama: MemoryProfile = {
  architecture: "llama",
  weightsBytes: 4.6 * gib,
  hostWeightsBytes: 0.3 * gib,
  layers: 32,
  kvBytesPerToken: 32 * 8 * 128 * 2 * 2,
  kvWindowBytesPerToken: 0,
  windowTokens: 0,
  stateBytesPerSlot: 0,
  embeddingLength: 4096,
  vocabularySize: 128_256,
  maxContextTokens: 131_072,
};
const wish: FitWish = {
  vramBytes: 24 * gib,
  ramBytes: 32 * gib,
  slots: 4,
  contextTokens: 8192,
  leastContextTokens: 2048,
};
const fit = (change: Partial<FitWish>) => fitShape(llama, { ...wish, ...change });

describe("fitting a model into memory", () => {
  test("gives what was asked for where there is room", () => {
    expect(fit({})).toMatchObject({
      kind: "fits",
      device: "gpu",
      shape: { slots: 4, contextTokens: 8192, gpuLayers: "all" },
    });
  });

  test("gives fewer slots before less context, down to half of them", () => {
    expect(fit({ vramBytes: 8.5 * gib })).toMatchObject({
      device: "gpu",
      shape: { slots: 3, contextTokens: 8192 },
    });
    const tight = fit({ vramBytes: 6.5 * gib });
    expect(tight).toMatchObject({ device: "gpu", shape: { slots: 2 } });
    if (tight.kind !== "fits") return;
    expect(tight.shape.contextTokens).toBeLessThan(8192);
    expect(tight.shape.contextTokens).toBeGreaterThanOrEqual(2048);
    expect(tight.shape.contextTokens % 256).toBe(0);
  });

  test("puts some layers on a GPU that is too small, and none on one that would not help", () => {
    const partial = fit({ vramBytes: 4 * gib });
    expect(partial).toMatchObject({ kind: "fits", device: "partial" });
    if (partial.kind !== "fits") return;
    expect(partial.shape.gpuLayers).toBeGreaterThan(8);
    expect(fit({ vramBytes: 1.2 * gib })).toMatchObject({
      device: "cpu",
      shape: { slots: 4, contextTokens: 8192, gpuLayers: 0 },
      memory: { vramBytes: 0 },
    });
  });

  test("leaves the processor out of it where it may not be used", () => {
    expect(fit({ vramBytes: 2 * gib, mayUseCpu: false })).toMatchObject({ kind: "none" });
  });

  test("says what the smallest shape would need where nothing fits", () => {
    const none = fit({ vramBytes: 0, ramBytes: gib });
    expect(none).toEqual({
      kind: "none",
      onGpu: replicaMemory(llama, { slots: 1, contextTokens: 2048, gpuLayers: "all" }),
      onCpu: replicaMemory(llama, { slots: 1, contextTokens: 2048, gpuLayers: 0 }),
    });
  });

  test("asks for no more context than the model was trained with", () => {
    const short = { ...llama, maxContextTokens: 1024 };
    expect(fitShape(short, wish)).toMatchObject({ shape: { slots: 4, contextTokens: 1024 } });
  });

  test("counts what each further GPU takes for itself", () => {
    const shape = { slots: 4, contextTokens: 8192, gpuLayers: "all" as const };
    const one = replicaMemory(llama, shape);
    const two = replicaMemory(llama, { ...shape, gpus: 2 });
    expect(two.vramBytes).toBeGreaterThan(one.vramBytes + 0.5 * gib);
  });

  test("never gives a shape that does not fit, and never less for more memory", () => {
    const size = fc.integer({ min: 0, max: 40 }).map((half) => half * 0.5 * gib);
    fc.assert(
      fc.property(size, size, fc.integer({ min: 1, max: 16 }), (vramBytes, ramBytes, slots) => {
        const found = fit({ vramBytes, ramBytes, slots });
        if (found.kind === "none") return;
        expect(found.memory).toEqual(replicaMemory(llama, found.shape));
        expect(found.memory.vramBytes).toBeLessThanOrEqual(vramBytes);
        expect(found.memory.ramBytes).toBeLessThanOrEqual(ramBytes);
        expect(found.shape.slots).toBeLessThanOrEqual(slots);
        const more = fit({ vramBytes: vramBytes * 2, ramBytes: ramBytes * 2, slots });
        const rank = { cpu: 0, partial: 1, gpu: 2 };
        if (more.kind !== "fits") throw new Error("it fitted into half of it");
        expect(rank[more.device]).toBeGreaterThanOrEqual(rank[found.device]);
      }),
    );
  });
});
