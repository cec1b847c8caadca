import { describe, expect, it } from "vitest";
import { testReplicaView, testWorkerView } from "../fleet/worker.fixture.ts";
import type { ReplicaView, WorkerView } from "../fleet/worker.ts";
import { hoursOf, hoursTogether, type PlanWorker, planWorkers } from "./plan-hours.ts";

const worker = (name: string, slots: number, decodeTokensPerSecond?: number): PlanWorker => ({
  ...{ name, slots, contextTokens: 4_096, decodeTokensPerSecond },
});

describe("hoursOf", () => {
  const work = { promptTokens: 0, completionTokens: 3_600_000 };

  it("divides the work by the speed of all slots", () => {
    const workers = [worker("a", 4, 20), worker("b", 2, 10)];
    expect(hoursOf({ ...work, workers, slots: 6 })).toBe(10);
  });

  it("takes reading for ten times as fast as writing", () => {
    const workers = [worker("a", 1, 100)];
    expect(hoursOf({ ...work, promptTokens: 36_000_000, workers, slots: 1 })).toBe(20);
  });

  it("takes slots that nobody has measured for average ones", () => {
    expect(hoursOf({ ...work, workers: [worker("a", 1, 100), worker("b", 1)], slots: 2 })).toBe(5);
    expect(hoursOf({ ...work, workers: [worker("a", 1, 100)], slots: 4 })).toBe(2.5);
  });

  it("says nothing where no speed is known", () => {
    expect(hoursOf({ ...work, workers: [worker("a", 1)], slots: 1 })).toBeUndefined();
    expect(hoursOf({ ...work, workers: [], slots: 0 })).toBeUndefined();
  });
});

describe("hoursTogether", () => {
  const model = (hours: number | undefined, ...names: string[]) => ({
    hours,
    workers: names.map((name) => ({ name })),
  });

  it("adds up what one worker has to do, and lets workers run side by side", () => {
    expect(hoursTogether([model(2, "a", "b"), model(3, "b"), model(4, "c")])).toBe(5);
    expect(hoursTogether([model(2, "a"), model(3, "b")])).toBe(3);
  });

  it("knows nothing of the whole where a part is not known", () => {
    expect(hoursTogether([model(2, "a"), model(undefined, "b")])).toBeUndefined();
    expect(hoursTogether([])).toBeUndefined();
  });
});

describe("planWorkers", () => {
  const replica = (over: Partial<ReplicaView>): ReplicaView =>
    testReplicaView({ contextTokens: 8_192, decodeTokensPerSecond: 50, ...over });
  const view = (over: Partial<WorkerView>): WorkerView =>
    testWorkerView({ name: "a", replicas: [replica({})], ...over });

  it("has the workers that take work for the model, with all their replicas of it", () => {
    const two = view({ name: "two", replicas: [replica({}), replica({ slots: 1, contextTokens: 2_048 })] });
    const out = [
      view({ name: "draining", state: "draining" }),
      view({ name: "other", replicas: [replica({ model: "n" })] }),
      view({ name: "loading", replicas: [replica({ state: "loading" })] }),
    ];
    expect(planWorkers([view({}), two, ...out], "m")).toEqual([
      { name: "a", slots: 2, contextTokens: 8_192, decodeTokensPerSecond: 50 },
      { name: "two", slots: 3, contextTokens: 2_048, decodeTokensPerSecond: 50 },
    ]);
  });
});
