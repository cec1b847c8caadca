import { describe, expect, it } from "vitest";
import { testHardware, testReplicaView, testWorkerView } from "../fleet/worker.fixture.ts";
import type { WorkerView } from "../fleet/worker.ts";
import { clusterNow } from "./cluster-now.ts";
import { fleetSample, runningByModel } from "./fleet-sample.ts";
import { HistorySteps, type Steps } from "./history-steps.ts";
import { workerRow } from "./live-rows.ts";
import {
  emptyModelSum,
  type ModelSample,
  type ModelSum,
  modelSumOf,
  type Sample,
  SampleSum,
  withBusiest,
} from "./sample.ts";
import { readSample, sampleText } from "./sample-text.ts";
import { bucketOf, quantileMs } from "./sparse-counts.ts";

const noFleet: Sample["fleet"] = fleetSample([]);

function sampleOf(ms: number, models: Readonly<Record<string, Partial<ModelSum>>>, fleet = noFleet): Sample {
  const named = Object.entries(models).map(([name, model]): [string, ModelSum] => [
    name,
    { ...emptyModelSum(), ...model },
  ]);
  return { ms, models: new Map(named), fleet };
}

function resultOf(steps: HistorySteps): Steps {
  const work = steps.result();
  for (;;) {
    const { done, value } = work.next();
    if (done === true) return value;
  }
}

it("a sample that is kept names the models with the most to do, and loses nothing of the others", () => {
  const model = (tokens: number) => ({ ...emptyModelSum(), generatedTokens: tokens, running: 1 });
  const sample: Sample = {
    ms: 10_000,
    models: new Map([
      ...Array.from({ length: 40 }, (_none, at): [string, ModelSample] => [`m${at}`, model(at)]),
      ["other", model(1_000)],
    ]),
    fleet: fleetSample([]),
  };
  const kept = withBusiest(sample, 3).models;
  expect([...kept.keys()]).toEqual(["m39", "m38", "other"]);
  expect(kept.get("other")).toMatchObject({ generatedTokens: 1_000 + (37 * 38) / 2, running: 39 });
  expect(withBusiest(sample, 41)).toBe(sample);
});

describe("times that are counted sparsely", () => {
  it("give quantiles within a twentieth, whoever has counted them", () => {
    const counts = new Map<number, number>();
    for (let ms = 1; ms <= 1_000; ms++) counts.set(bucketOf(ms), (counts.get(bucketOf(ms)) ?? 0) + 1);
    for (const quantile of [0.1, 0.5, 0.9, 0.99]) {
      const told = quantileMs(counts, quantile) ?? 0;
      expect(Math.abs(told / (1_000 * quantile) - 1)).toBeLessThan(0.06);
    }
    expect(quantileMs(new Map(), 0.5)).toBeUndefined();
  });

  it("have a bucket for any time, sensible or not", () => {
    for (const ms of [-1, 0, 0.5, Number.NaN]) expect(bucketOf(ms)).toBe(0);
    expect(bucketOf(1e12)).toBe(bucketOf(1e15));
  });
});

describe("a sample", () => {
  it("is read as it was written, but for what nobody sees", () => {
    const sample = sampleOf(
      10_000,
      {
        "a:b/c": {
          generatedTokens: 12.345,
          running: 2,
          firstTokens: new Map([
            [44, 1],
            [40, 3],
          ]),
        },
        idle: {},
      },
      { ...noFleet, workers: { ready: 3, lost: 0 }, vramBytes: 24 * 2 ** 30, slots: 8 },
    );
    const read = readSample(sampleText(sample));
    expect(read?.models.get("a:b/c")).toEqual({
      ...emptyModelSum(),
      ...{
        generatedTokens: 12,
        running: 2,
        firstTokens: new Map([
          [40, 3],
          [44, 1],
        ]),
      },
    });
    expect(read?.models.has("idle")).toBe(false);
    expect(read?.fleet).toMatchObject({ workers: { ready: 3 }, vramBytes: 24 * 2 ** 30, slots: 8 });
  });

  it("of another version or of nobody is none, and its numbers are never odd", () => {
    for (const text of ["", "{}", "[]", "[0,{},{},[]]", '["x",{},{},[]]', "[1,{},{}]", "null"])
      expect(readSample(text)).toBeUndefined();
    expect(readSample("[1e999,{},{},[1]]")).toBeUndefined();
    const odd = readSample('[5,{"m":[-1,null,"x",1e999,2],"n":7},{"ready":"x"},[-5]]');
    expect(odd?.models.get("m")).toEqual({ ...emptyModelSum(), failures: 2 });
    expect(odd?.models.get("n")).toEqual(emptyModelSum());
    expect(odd?.fleet.workers).toEqual({ ready: 0 });
  });

  it("of a longer span stands for those that it was made of", () => {
    const sum = new SampleSum();
    sum.add(sampleOf(1_000, { m: { generatedTokens: 10, running: 4 } }, { ...noFleet, slots: 4 }));
    sum.add(sampleOf(3_000, { m: { generatedTokens: 20, running: 0 } }, { ...noFleet, slots: 8 }));
    const mean = sum.mean();
    expect(mean.ms).toBe(4_000);
    expect(mean.models.get("m")).toMatchObject({ generatedTokens: 30, running: 1 });
    expect(mean.fleet.slots).toBe(7);
  });

  it("has so many models and one more for all others", () => {
    const sums = new Map<string, ModelSum>();
    for (let at = 0; at < 1_000; at++) modelSumOf(sums, `m${at}`).requests += 1;
    expect(sums.size).toBe(201);
    expect(sums.get("other")?.requests).toBe(800);
  });
});

describe("the cluster now", () => {
  it("is the sum over its orchestrators, each at its own pace", () => {
    const slow = sampleOf(4_000, { m: { generatedTokens: 400, waiting: 1, oldestWaitMs: 9_000 } });
    const fast = sampleOf(2_000, { m: { generatedTokens: 100, oldestWaitMs: 100 }, n: { running: 1 } });
    const now = clusterNow([slow, fast]);
    expect(now.models.get("m")).toMatchObject({ generatedTokens: 150, waiting: 1, oldestWaitMs: 9_000 });
    expect(now.total).toMatchObject({ generatedTokens: 150, running: 1 });
    expect([...now.models.keys()]).toEqual(["m", "n"]);
  });

  it("counts the slots of workers that are here alone", () => {
    const replicas = [testReplicaView({ slotsUsed: 2 })];
    const workers = [testWorkerView({ replicas }), testWorkerView({ id: "w2", state: "lost", replicas })];
    expect([...runningByModel(workers)]).toEqual([["m", 2]]);
    expect(fleetSample(workers)).toMatchObject({ slots: 2, slotsUsed: 2, workers: { ready: 1, lost: 1 } });
  });
});

describe("the steps of a history", () => {
  const stepsOf = (count: number) => new HistorySteps({ sinceMs: 0, stepMs: 10_000, count });

  it("share what lies in two of them, and lose nothing", () => {
    const steps = stepsOf(3);
    steps.add("a", 15_000, sampleOf(10_000, { m: { generatedTokens: 100, running: 2 } }));
    const { total } = resultOf(steps);
    expect(total.generatedTokens).toEqual([10, 10, undefined]);
    expect(total.running).toEqual([2, 2, undefined]);
  });

  it("add up orchestrators, and know nothing where none was", () => {
    const steps = stepsOf(3);
    const busy = sampleOf(10_000, { m: { requests: 10 } }, { ...noFleet, slots: 4, workers: { ready: 1 } });
    for (const name of ["a", "b"]) steps.add(name, 10_000, busy);
    steps.add("b", 30_000, busy);
    const { total, fleet, models, workers } = resultOf(steps);
    expect(total.requests).toEqual([2, undefined, 1]);
    expect(models.get("m")?.requests).toEqual([2, undefined, 1]);
    expect(fleet.slots).toEqual([8, undefined, 4]);
    expect(workers.get("ready")).toEqual([2, undefined, 1]);
  });

  it("give percentiles of all that was counted, not a mean of percentiles", () => {
    const steps = stepsOf(1);
    const fast = sampleOf(5_000, { m: { firstTokens: new Map([[bucketOf(100), 99]]) } });
    const slow = sampleOf(5_000, { n: { firstTokens: new Map([[bucketOf(10_000), 2]]) } });
    steps.add("a", 5_000, fast);
    steps.add("b", 10_000, slow);
    const { total, models } = resultOf(steps);
    expect(total.firstTokenP50Ms[0]).toBeCloseTo(100, -1);
    expect(total.firstTokenP99Ms[0]).toBeGreaterThan(9_000);
    expect(models.get("m")?.firstTokenP99Ms[0]).toBeLessThan(110);
  });

  it("take a sample that reaches beyond the span for what lies within", () => {
    const steps = stepsOf(2);
    steps.add("a", 600_000, sampleOf(600_000, { m: { requests: 600 } }));
    expect(resultOf(steps).total.requests).toEqual([1, 1]);
  });
});

describe("the row of a worker", () => {
  const withLoad = (watts: number, cpuLoad: number, change: Partial<WorkerView> = {}): WorkerView =>
    testWorkerView({
      hardware: { ...testHardware, gpus: [{ name: "g", vramBytes: 1_000, freeVramBytes: 500 }] },
      cpuLoad,
      load: {
        ...{ freeRamBytes: 1, cpuLoad },
        gpus: [
          {
            ...{ freeVramBytes: 500, othersBytes: 103, offeredBytes: 0 },
            ...{ utilization: 0.52, temperatureCelsius: 41.4, watts },
          },
        ],
      },
      ...change,
    });

  it("is rounded to what people see", () => {
    expect(workerRow(withLoad(23, 0.12))).toMatchObject({
      ...{ cpuLoad: 0.1, watts: 25 },
      gpus: [{ oursBytes: 400, othersBytes: 100, utilization: 0.5, temperatureCelsius: 41, watts: 25 }],
    });
  });

  it("stays the same one while values only tremble, also around a boundary", () => {
    const first = workerRow(withLoad(22.4, 0.024));
    for (const [watts, cpuLoad] of [
      [22.6, 0.026],
      [21.5, 0.03],
      [23.4, 0.01],
    ] as const)
      expect(workerRow(withLoad(watts, cpuLoad), first)).toBe(first);
    expect(workerRow(withLoad(27, 0.026), first).watts).toBe(25);
  });

  it("is another one when a replica comes, goes or changes", () => {
    const first = workerRow(withLoad(20, 0));
    const ready = testReplicaView();
    const more = [ready, testReplicaView({ id: "rep-2" })];
    const two = workerRow(withLoad(20, 0, { replicas: more }), first);
    expect(two.replicas).toHaveLength(2);
    expect(workerRow(withLoad(20, 0, { replicas: [ready] }), two).replicas).toHaveLength(1);
    const used = workerRow(withLoad(20, 0, { replicas: [testReplicaView({ slotsUsed: 1 })] }), first);
    expect(used.replicas[0]?.slotsUsed).toBe(1);
    const ill = testReplicaView({ breaker: "open", breakerReason: "it failed 5 times" });
    expect(workerRow(withLoad(20, 0, { replicas: [ill] }), first).replicas[0]?.problem).toBe(
      "it failed 5 times",
    );
  });
});
