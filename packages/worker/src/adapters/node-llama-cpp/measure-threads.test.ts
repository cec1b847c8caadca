import { expect, it } from "vitest";
import { fastest, measureThreads, threadCandidates } from "./measure-threads.ts";
import type { NativeContext } from "./native-context.ts";

/** A context whose steps take as long as told for the threads that are set. */
function fakeContext(msOf: Readonly<Record<number, number>>) {
  let threads = 0;
  let nowMs = 0;
  const cells = new Map<number, number>();
  const context = {
    setThreads: (count: number) => {
      threads = count;
    },
    initBatch: () => {},
    addToBatch: (id: number, position: number) => {
      if ((cells.get(id) ?? 0) !== position) throw new Error(`sequence ${id} has no position ${position}`);
      cells.set(id, position + 1);
      return Uint32Array.of(0);
    },
    decodeBatch: async () => {
      nowMs += msOf[threads] ?? Number.NaN;
    },
    disposeSequence: (id: number) => {
      cells.delete(id);
    },
  };
  return {
    context: context as unknown as NativeContext,
    nowMs: () => nowMs,
    threads: () => threads,
    cells,
  };
}

it("tries one thread, half of the cores, all but one and all", () => {
  expect(threadCandidates(1)).toEqual([1]);
  expect(threadCandidates(2)).toEqual([1, 2]);
  expect(threadCandidates(3)).toEqual([1, 2, 3]);
  expect(threadCandidates(16)).toEqual([1, 8, 15, 16]);
});

it("takes the fastest, and leaves the context with it and without cells", async () => {
  const fake = fakeContext({ 1: 30, 2: 17, 4: 40 });
  const { threads, stepMs } = await measureThreads(fake.context, {
    candidates: [1, 2, 4],
    sequences: 3,
    token: 5,
    nowMs: fake.nowMs,
  });
  expect(threads).toBe(2);
  expect(fake.threads()).toBe(2);
  expect(stepMs).toEqual(
    new Map([
      [1, 30],
      [2, 17],
      [4, 40],
    ]),
  );
  expect(fake.cells.size).toBe(0);
});

it("takes the fewer threads when more gain next to nothing", () => {
  expect(
    fastest(
      new Map([
        [1, 100],
        [2, 97],
      ]),
    ),
  ).toBe(1);
  expect(
    fastest(
      new Map([
        [1, 100],
        [2, 60],
        [4, 58],
      ]),
    ),
  ).toBe(2);
  expect(fastest(new Map())).toBeUndefined();
});

it("stops after its time with a model that is slow", async () => {
  const fake = fakeContext({ 1: 900, 2: 700 });
  const { threads } = await measureThreads(fake.context, {
    candidates: [1, 2],
    sequences: 1,
    token: 5,
    nowMs: fake.nowMs,
  });
  expect(threads).toBe(2);
  expect(fake.nowMs()).toBe(900 + 900 + 700);
});
