import { expect, it } from "vitest";
import type { WorkerView } from "../../core/fleet/worker.ts";
import { workOf } from "./work-of.ts";

const payer = { keyId: "k", tenant: "t", class: "batch" } as const;
const work = { workerId: "w", model: "m", payer, ms: 36_000 };
const worker = (watts: number | undefined, slotsUsed: readonly number[]) =>
  ({
    load: watts === undefined ? undefined : { cpuWatts: watts },
    replicas: slotsUsed.map((used) => ({ slotsUsed: used })),
  }) as unknown as WorkerView;

it("counts an attempt's time, and its share of what the worker draws now", () => {
  const owner = { ...payer, model: "m" };
  expect(workOf(work, worker(200, [3, 1]))).toEqual([owner, { workerSeconds: 36, wattHours: 0.5 }]);
  expect(workOf(work, worker(200, [0]))).toEqual([owner, { workerSeconds: 36, wattHours: 2 }]);
});

it("counts no energy where nothing tells, or the worker is gone", () => {
  expect(workOf(work, worker(undefined, [1]))[1]).toEqual({ workerSeconds: 36, wattHours: 0 });
  expect(workOf(work, undefined)[1]).toEqual({ workerSeconds: 36, wattHours: 0 });
});
