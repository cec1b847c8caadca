import type { Gpu, GpuLoad } from "@muster/base";
import { expect, it } from "vitest";
import { gpuUse } from "./gpu-use.ts";

const gib = 1024 ** 3;
const card: Gpu = { name: "RTX 3060", vramBytes: 12 * gib, freeVramBytes: 11 * gib };
const load = (change: Partial<GpuLoad> = {}): GpuLoad => ({
  ...{ freeVramBytes: 11 * gib, othersBytes: 0.6 * gib, offeredBytes: 10 * gib },
  ...{ utilization: 0.02, temperatureCelsius: undefined, watts: undefined },
  ...change,
});
const idle = { isAtWork: false };

it("takes a desktop for no use, and a program with a lot of memory for one", () => {
  expect(gpuUse([card], [load()], idle)).toEqual({ isUsedByOthers: false });
  expect(gpuUse([card], [load({ othersBytes: 4 * gib })], idle)).toEqual({ isUsedByOthers: true });
});

it("takes a GPU that works while we do nothing for one that others use", () => {
  expect(gpuUse([card], [load({ utilization: 0.8 })], idle)).toEqual({ isUsedByOthers: true });
  expect(gpuUse([card], [load({ utilization: 0.8 })], { isAtWork: true })).toEqual({ isUsedByOthers: false });
});

it("does not know what no driver tells, unless one GPU is enough to know", () => {
  const silent = load({ othersBytes: undefined, utilization: undefined });
  expect(gpuUse([card], undefined, idle)).toEqual({ isUsedByOthers: "unknown" });
  expect(gpuUse([card, card], [load(), silent], idle)).toEqual({ isUsedByOthers: "unknown" });
  expect(gpuUse([card, card], [silent, load({ othersBytes: 9 * gib })], idle)).toEqual({
    isUsedByOthers: true,
  });
});

it("has nothing to know of a machine without GPUs", () => {
  expect(gpuUse([], undefined, idle)).toEqual({ isUsedByOthers: false });
});
