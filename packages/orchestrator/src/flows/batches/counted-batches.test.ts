import { ManualClock } from "@muster/base";
import { expect, it } from "vitest";
import type { BatchEvents, BatchRecord } from "../../core/batches/batch.ts";
import type { ActiveBatch } from "./active-batches.ts";
import { EndedBatches } from "./ended-batches.ts";
import { LineWaits } from "./line-waits.ts";

const record = { id: "batch_1", createdAtMs: 1_000 } as BatchRecord;
const batch = (events: BatchEvents, change: Partial<ActiveBatch> = {}): ActiveBatch => ({
  ...{ record, events, isPaused: false, isOver: false },
  ...change,
});
const validated = (atMs: number, ...models: string[]) =>
  ({ kind: "validated", atMs, lines: 10, models: models.map((model) => ({ model, lines: 5 })) }) as const;

it("tells of a batch that is over once, with its time", () => {
  const told: unknown[] = [];
  const ended = new EndedBatches((...one) => told.push(one));
  ended.changed(batch({ validated: validated(2_000, "m") }));
  expect(told).toEqual([]);
  const over = batch({ failed: { kind: "failed", atMs: 3_500, errors: [], errorCount: 1 } });
  ended.changed(over);
  ended.changed(over);
  expect(told).toEqual([["failed", 2_500]]);
});

it("counts how long lines have waited since one of them was answered, or since they were taken in", () => {
  const clock = new ManualClock();
  const nowMs = clock.wallMs();
  const remaining = new Map([
    ["a", 5],
    ["b", 4],
  ]);
  const active = { all: () => [batch({ validated: validated(nowMs, "a", "b") })] };
  const waits = new LineWaits({ active, remaining: () => remaining, running: () => ["a", "a"], clock });
  clock.advance(60_000);
  waits.answered("a");
  clock.advance(5_000);
  expect(waits.lanes()).toEqual([
    { model: "a", class: "batch", waiting: 3, oldestWaitMs: 5_000 },
    { model: "b", class: "batch", waiting: 4, oldestWaitMs: 65_000 },
  ]);
  remaining.delete("a");
  expect(waits.lanes().map(({ model }) => model)).toEqual(["b"]);
});

it("a batch that comes long after the last one has not waited since then", () => {
  const clock = new ManualClock();
  const batches: ActiveBatch[] = [];
  const waits = new LineWaits({
    ...{ active: { all: () => batches }, remaining: () => new Map([["a", 5]]), running: () => [], clock },
  });
  waits.answered("a");
  clock.advance(86_400_000);
  batches.push(batch({ validated: validated(clock.wallMs(), "a") }));
  clock.advance(2_000);
  expect(waits.lanes()[0]?.oldestWaitMs).toBe(2_000);
});
