import { deferred, ManualClock, silentLog } from "@muster/base";
import { describe, expect, it } from "vitest";
import { createMemoryJobQueue } from "../../adapters/memory/job-queue.ts";
import type { BatchRecord } from "../../core/batches/batch.ts";
import { objectKeys } from "../../core/batches/keys.ts";
import { emptyBits, setDone } from "../../core/batches/line-bits.ts";
import { lineEntryBytes, writeLineEntry } from "../../core/batches/line-index.ts";
import { isLinesRef, type LineRef, linesOf } from "../../core/job.ts";
import { BatchFeeder } from "./feeder.ts";
import { MemoryObjectStore } from "./store.fixture.ts";

const record: BatchRecord = {
  id: `batch_${"0".repeat(32)}`,
  tenant: "default",
  inputFileId: `file-${"0".repeat(32)}`,
  endpoint: "/v1/chat/completions",
  completionWindow: "24h",
  createdAtMs: 0,
  expiresAtMs: 86_400_000,
  metadata: undefined,
  outputExpiresAfterMs: undefined,
  options: { priority: "normal", provenance: false, resultCache: false, webhookUrl: undefined },
};

interface LineSpec {
  readonly model?: number;
  readonly prefix?: number;
}

async function feederOf(specs: readonly LineSpec[], how: { slots?: number; done?: readonly number[] } = {}) {
  const store = new MemoryObjectStore();
  const clock = new ManualClock();
  const queue = createMemoryJobQueue();
  const bytes = new Uint8Array(specs.length * lineEntryBytes);
  const view = new DataView(bytes.buffer);
  for (const [line, { model = 0, prefix = 0 }] of specs.entries()) {
    const entry = {
      offset: line * 10,
      length: 10,
      lineNumber: line + 1,
      model,
      prefix,
      estimatedTokens: 256,
    };
    writeLineEntry(view, line * lineEntryBytes, entry);
  }
  await store.put(objectKeys.lineIndex(record.id), bytes);
  const done = emptyBits(specs.length);
  for (const line of how.done ?? []) setDone(done, line);
  const feeder = new BatchFeeder(
    {
      store,
      queue,
      clock,
      log: silentLog,
      slots: () => how.slots ?? 2,
      shareOf: ({ tenant }) => ({ tenant, weight: 1 }),
    },
    { record, models: ["m0", "m1"], lines: specs.length, gen: 1, done },
  );
  const taken: LineRef[] = [];
  /** Takes everything that is in the lane of a model now. */
  const takeAll = async (model: string) => {
    const before = taken.length;
    let jobs = 0;
    const lane = { model, class: "batch" } as const;
    const count = await queue.depth(lane);
    if (count === 0) return [];
    const all = deferred<void>();
    const consumer = queue.consume(lane, {
      run: async (job) => {
        if (isLinesRef(job)) taken.push(...linesOf(job));
        if (++jobs === count) all.resolve();
      },
      orphaned() {},
    });
    consumer.setConcurrency(1);
    await all.promise;
    await consumer.close();
    return taken.slice(before).map(({ line }) => line);
  };
  return { feeder, queue, clock, takeAll };
}

const lines = (count: number, of: (line: number) => LineSpec = () => ({})) =>
  Array.from({ length: count }, (_none, line) => of(line));

describe("the feeder", () => {
  it("keeps a bounded window in the lane, and fills it as lines are done, each line once", async () => {
    const { feeder, takeAll } = await feederOf(lines(10_000));
    const seen: number[] = [];
    let most = 0;
    while (seen.length < 10_000) {
      await feeder.feed();
      most = Math.max(most, feeder.out);
      for (const line of await takeAll("m0")) {
        seen.push(line);
        feeder.lineDone(line);
      }
    }
    expect(new Set(seen).size).toBe(10_000);
    expect(most).toBeLessThanOrEqual(40);
    expect(feeder.isAtEnd).toBe(true);
    expect(feeder.out).toBe(0);
  });

  it("leaves out what the ledger has as done, at the start and later", async () => {
    const { feeder, takeAll } = await feederOf(lines(20), { done: [0, 1, 2, 19] });
    await feeder.feed();
    expect(await takeAll("m0")).toEqual(Array.from({ length: 16 }, (_none, at) => at + 3));
    const done = emptyBits(20);
    for (let line = 0; line < 20; line++) if (line !== 7) setDone(done, line);
    feeder.noteDone(done);
    expect(feeder.out).toBe(1);
  });

  it("gives each model its own window, so that one without workers does not hold up another", async () => {
    const { feeder, queue, takeAll } = await feederOf(
      lines(2_000, (line) => ({ model: line < 1_000 ? 0 : 1 })),
    );
    await feeder.feed();
    const second = await takeAll("m1");
    expect(second.length).toBeGreaterThan(0);
    expect(Math.min(...second)).toBe(1_000);
    expect(await queue.depth({ model: "m0", class: "batch" })).toBeGreaterThan(0);
  });

  it("knows how many lines of each model are done", async () => {
    const { feeder } = await feederOf(
      lines(20, (line) => ({ model: line % 2 })),
      { done: [0, 2] },
    );
    await feeder.feed();
    expect([feeder.doneOf("m0"), feeder.doneOf("m1")]).toEqual([2, 0]);
    feeder.lineDone(4);
    feeder.lineDone(4);
    const done = emptyBits(20);
    for (const line of [0, 2, 4, 1, 3, 5]) setDone(done, line);
    feeder.noteDone(done);
    feeder.noteDone(done);
    expect([feeder.doneOf("m0"), feeder.doneOf("m1")]).toEqual([3, 3]);
  });

  it("puts lines that begin alike one after the other", async () => {
    const { feeder, takeAll } = await feederOf(lines(30, (line) => ({ prefix: [7, 8, 0][line % 3] ?? 0 })));
    await feeder.feed();
    const order = (await takeAll("m0")).map((line) => line % 3);
    expect(order.slice(0, 10)).toEqual(Array(10).fill(0));
    expect(order.slice(10, 20)).toEqual(Array(10).fill(1));
  });

  it("puts again what was put long ago and is not done; what still waits stays one job", async () => {
    const { feeder, queue, clock, takeAll } = await feederOf(lines(10));
    await feeder.feed();
    await feeder.putAgain(false);
    expect(await queue.depth({ model: "m0", class: "batch" })).toBe(10);
    await takeAll("m0");
    for (const line of [0, 1, 2]) feeder.lineDone(line);
    clock.advance(31_000);
    await feeder.putAgain(false);
    expect(await takeAll("m0")).toEqual([3, 4, 5, 6, 7, 8, 9]);
  });
});
