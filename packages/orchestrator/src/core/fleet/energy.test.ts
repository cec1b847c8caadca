import type { GpuLoad } from "@muster/base";
import { describe, expect, it } from "vitest";
import {
  addBeat,
  addTokens,
  costPerMillionTokens,
  type Energy,
  noEnergy,
  tokensPerWattHour,
  wattHours,
  wattSources,
  wattsOf,
} from "./energy.ts";

const longestGapMs = 6_000;
const usage = { promptTokens: 100, cachedTokens: 40, completionTokens: 30 };

function gpu(watts: number | undefined): GpuLoad {
  return {
    ...{ freeVramBytes: 1, othersBytes: 0, offeredBytes: 1 },
    ...{ utilization: undefined, temperatureCelsius: undefined, watts },
  };
}

interface Step {
  readonly afterMs: number;
  readonly watts: number | undefined;
  readonly isWorking?: boolean;
  readonly isLent?: boolean;
}

function add(steps: readonly Step[], before: Energy = noEnergy): Energy {
  let atMs = before.last?.atMs ?? 0;
  let energy = before;
  for (const { afterMs, watts, isWorking = false, isLent = true } of steps) {
    atMs += afterMs;
    energy = addBeat(energy, { atMs, watts, isWorking, isLent }, longestGapMs);
  }
  return energy;
}

describe("what a machine draws", () => {
  it("is the sum of what tells, and unknown where nothing does", () => {
    const load = { freeRamBytes: 1, cpuLoad: 0 };
    expect(wattsOf({ ...load, cpuWatts: 20, gpus: [gpu(100), gpu(undefined)] })).toBe(120);
    expect(wattsOf({ ...load, gpus: [gpu(0)] })).toBe(0);
    expect(wattsOf({ ...load, gpus: [gpu(undefined)] })).toBeUndefined();
    expect(wattsOf(undefined)).toBeUndefined();
    expect(wattSources({ ...load, cpuWatts: 20, gpus: [gpu(100)] })).toEqual(["gpus", "cpu"]);
    expect(wattSources({ ...load, gpus: [gpu(undefined)] })).toEqual([]);
  });
});

describe("energy", () => {
  it("is the mean of two beats' draws times the time between them", () => {
    const { joules } = add([
      { afterMs: 0, watts: 100 },
      { afterMs: 2_000, watts: 300 },
      { afterMs: 1_000, watts: 300 },
    ]);
    expect(joules).toBe(400 + 300);
    expect(wattHours(7_200)).toBe(2);
  });

  it("of a gap that is too long, or with nobody telling, is not counted", () => {
    expect(
      add([
        { afterMs: 0, watts: 100 },
        { afterMs: 6_001, watts: 100 },
        { afterMs: 2_000, watts: undefined },
        { afterMs: 2_000, watts: 100 },
        { afterMs: 2_000, watts: 100 },
      ]),
    ).toMatchObject({ joules: 200, lentMs: 6_000 });
  });

  it("is the work's where a slot was in use at either end, or an answer came in between", () => {
    const idle = add([
      { afterMs: 0, watts: 50 },
      { afterMs: 2_000, watts: 50 },
    ]);
    expect(idle).toMatchObject({ joules: 100, workingJoules: 0, idleWatts: 50 });
    const busy = add(
      [
        { afterMs: 2_000, watts: 250, isWorking: true },
        { afterMs: 2_000, watts: 50 },
      ],
      idle,
    );
    expect(busy).toMatchObject({ joules: 100 + 300 + 300, workingJoules: 600, idleWatts: 50 });
    const short = add([{ afterMs: 2_000, watts: 50 }], addTokens(busy, usage));
    expect(short.workingJoules).toBe(700);
    expect(add([{ afterMs: 2_000, watts: 50 }], short).workingJoules).toBe(700);
  });

  it("counts the time that a worker is lent, without its owner's hours", () => {
    const { lentMs } = add([
      { afterMs: 0, watts: undefined },
      { afterMs: 2_000, watts: undefined },
      { afterMs: 2_000, watts: undefined, isLent: false },
      { afterMs: 2_000, watts: undefined },
      { afterMs: 2_000, watts: undefined },
    ]);
    expect(lentMs).toBe(4_000);
  });
});

describe("tokens", () => {
  it("for a watt-hour are those that were computed while the draw was known", () => {
    const measured = addTokens(add([{ afterMs: 0, watts: 360 }]), usage);
    const energy = add([{ afterMs: 5_000, watts: 360 }], measured);
    expect(energy).toMatchObject({ promptTokens: 100, completionTokens: 30, measuredTokens: 90 });
    expect(tokensPerWattHour(energy)).toBe(180);
    expect(costPerMillionTokens(180, 0.36)).toBeCloseTo(2, 10);
  });

  it("are not set against energy that nobody measured", () => {
    const energy = addTokens(add([{ afterMs: 0, watts: undefined }]), usage);
    expect(energy).toMatchObject({ promptTokens: 100, measuredTokens: 0 });
    expect(tokensPerWattHour(energy)).toBeUndefined();
    expect(costPerMillionTokens(undefined, 0.3)).toBeUndefined();
    expect(costPerMillionTokens(100, undefined)).toBeUndefined();
  });
});
