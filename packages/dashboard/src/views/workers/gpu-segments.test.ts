import type { LiveGpu, LiveReplica } from "@muster/sdk";
import { expect, test } from "vitest";
import { freeBytes, piecesOf } from "./gpu-segments.ts";

const gpu = (vram: number, ours: number | null, others: number | null) =>
  ({ vram_bytes: vram, ours_bytes: ours, others_bytes: others }) as LiveGpu;
const replica = (id: string, bytes: number) =>
  ({ id, model: `model-${id}`, vram_bytes: bytes }) as LiveReplica;
const told = (gpus: readonly LiveGpu[], replicas: readonly LiveReplica[]) =>
  piecesOf(gpus, replicas).map((pieces) => pieces.map(({ id, bytes }) => `${id}:${Math.round(bytes)}`));

test("on one GPU each replica has its piece, and others have theirs", () => {
  expect(told([gpu(24_000, 15_000, 2_000)], [replica("a", 5_000), replica("b", 10_000)])).toEqual([
    ["b:10000", "a:5000", "others:2000"],
  ]);
});

test("of several GPUs a replica is on the one where it fits best", () => {
  const gpus = [gpu(24_000, 15_000, 0), gpu(24_000, 5_000, 0)];
  expect(told(gpus, [replica("a", 5_000), replica("b", 15_000)])).toEqual([["b:15000"], ["a:5000"]]);
});

test("a replica that is larger than any GPU is spread over them", () => {
  const gpus = [gpu(24_000, 20_000, 0), gpu(24_000, 20_000, 0)];
  expect(told(gpus, [replica("a", 40_000)])).toEqual([["a:20000"], ["a:20000"]]);
});

test("what Muster has beside its replicas is shown too, but not what rounding leaves", () => {
  expect(told([gpu(24_000, 6_000, 0)], [replica("a", 5_000)])).toEqual([["a:5000", "ours:1000"]]);
  expect(told([gpu(24_000, 5_100, 0)], [replica("a", 5_000)])).toEqual([["a:5000"]]);
});

test("a GPU that tells nothing of itself shows what its replicas say", () => {
  expect(told([gpu(24_000, null, null)], [replica("a", 5_000)])).toEqual([["a:5000"]]);
  expect(freeBytes(gpu(24_000, null, null))).toBeNull();
  expect(freeBytes(gpu(24_000, 5_000, 1_000))).toBe(18_000);
});
