import { describe, expect, test } from "vitest";
import { publishedBytesPerSecond, withBandwidth } from "./gpu-bandwidth.ts";

describe("the published bandwidth of a card", () => {
  test.each([
    ["NVIDIA GeForce RTX 4070", 504],
    ["NVIDIA GeForce RTX 4070 Ti SUPER", 672],
    ["NVIDIA GeForce RTX 4060 Laptop GPU", 256],
    ["NVIDIA RTX 6000 Ada Generation", 960],
    ["NVIDIA RTX A6000", 768],
    ["NVIDIA A100-SXM4-80GB", 2039],
    ["NVIDIA H200", 4800],
    ["Tesla T4", 300],
    ["AMD Radeon RX 7900 XTX (RADV NAVI31)", 960],
    ["Intel(R) Arc(TM) A770 Graphics (DG2)", 512],
    ["Apple M3 Max", 300],
  ])("of %s is %i GB/s, whichever driver names it", (name, gigabytes) => {
    expect(publishedBytesPerSecond(name)).toBe(gigabytes * 1e9);
  });

  test("is not guessed from a name that is only alike", () => {
    for (const name of ["NVIDIA GeForce RTX 4070 Ultra", "Some GPU", "", "constructor"]) {
      expect(publishedBytesPerSecond(name)).toBeUndefined();
    }
    const gpu = { name: "Some GPU", vramBytes: 1, freeVramBytes: 1 };
    expect(withBandwidth(gpu)).toBe(gpu);
  });

  test("gives way to what was measured", () => {
    const gpu = { name: "NVIDIA H200", vramBytes: 1, freeVramBytes: 1 };
    expect(withBandwidth(gpu).bytesPerSecond).toBe(4.8e12);
    expect(withBandwidth({ ...gpu, bytesPerSecond: 7 }).bytesPerSecond).toBe(7);
  });
});
