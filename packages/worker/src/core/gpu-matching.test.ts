import type { Gpu } from "@muster/base";
import { describe, expect, it } from "vitest";
import { matchReadings, sharesMainMemory } from "./gpu-matching.ts";

const gib = 1024 ** 3;

function gpu(name: string, change: Partial<Gpu> = {}): Gpu {
  return { name, vramBytes: 8 * gib, freeVramBytes: 8 * gib, ...change };
}

function reading(name: string | undefined, uuid?: string, totalBytes?: number) {
  return { maker: undefined, name, uuid, totalBytes };
}

describe("readings", () => {
  it("are matched by uuid before names", () => {
    const [one, two] = [reading("NVIDIA L4", "GPU-1"), reading("NVIDIA L4", "GPU-2")];
    const gpus = [gpu("NVIDIA L4", { uuid: "GPU-2" }), gpu("NVIDIA L4", { uuid: "GPU-1" })];
    expect(matchReadings(gpus, [one, two])).toEqual([two, one]);
  });

  it("of twins are matched in their order, by name", () => {
    const [one, two] = [reading("NVIDIA L4", "GPU-1"), reading("NVIDIA L4", "GPU-2")];
    expect(matchReadings([gpu("nvidia l4"), gpu("NVIDIA L4")], [one, two])).toEqual([one, two]);
  });

  it("without a name are matched by size", () => {
    const [small, large] = [
      reading(undefined, undefined, 8.1 * gib),
      reading(undefined, undefined, 24 * gib),
    ];
    const gpus = [gpu("Radeon RX 7900 XTX", { vramBytes: 24 * gib }), gpu("Radeon RX 7600")];
    expect(matchReadings(gpus, [small, large])).toEqual([large, small]);
  });

  it("of another maker are never taken, as a laptop's second GPU", () => {
    const intel = { ...reading(undefined), maker: "intel" as const };
    expect(matchReadings([gpu("NVIDIA GeForce RTX 4070")], [intel])).toEqual([undefined]);
    expect(matchReadings([gpu("Intel(R) Iris(R) Xe Graphics")], [intel])).toEqual([intel]);
  });

  it("without a name go to the only GPU that is left, and those of another name to none", () => {
    const nameless = reading(undefined, undefined, 512);
    expect(matchReadings([gpu("Arc A770")], [nameless])).toEqual([nameless]);
    expect(matchReadings([gpu("Arc A770")], [reading("NVIDIA L4", "GPU-1", 8 * gib)])).toEqual([undefined]);
    expect(matchReadings([gpu("a"), gpu("b")], [nameless])).toEqual([undefined, undefined]);
    expect(matchReadings([], [nameless])).toEqual([]);
  });
});

describe("main memory", () => {
  it.each([
    ["Apple M2 Pro", true],
    ["NVIDIA GB10", true],
    ["Orin (nvgpu)", true],
    ["Intel(R) UHD Graphics 770 (ADL-S GT1)", true],
    ["Intel(R) Iris(R) Xe Graphics", true],
    ["Intel(R) Graphics (RPL-P)", true],
    ["Intel(R) Arc(TM) Graphics (MTL)", true],
    ["AMD Radeon(TM) Graphics", true],
    ["AMD Radeon 780M (RADV PHOENIX)", true],
    ["AMD Radeon 8060S (RADV STRIX_HALO)", true],
    ["Intel(R) Arc(TM) A770 Graphics (DG2)", false],
    ["Intel(R) Graphics (BMG G21)", false],
    ["AMD Radeon RX 7900 XTX (RADV NAVI31)", false],
    ["AMD Radeon PRO W6800", false],
    ["NVIDIA GeForce RTX 4090", false],
    ["NVIDIA H200", false],
  ])("is what %s uses: %s", (name, isUnified) => {
    expect(sharesMainMemory(name)).toBe(isUnified);
  });
});
