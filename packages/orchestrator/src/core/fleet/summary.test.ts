import { describe, expect, it } from "vitest";
import { noEnergy } from "./energy.ts";
import { summarize } from "./summary.ts";
import { vramOf } from "./vram.ts";
import { testHardware, testReplicaView, testWorkerView } from "./worker.fixture.ts";

const gib = 1024 ** 3;
const gpu = { name: "NVIDIA L4", vramBytes: 24 * gib, freeVramBytes: 23 * gib };
const told = { utilization: 0.5, temperatureCelsius: 50, watts: 60 };
const withGpu = testWorkerView({
  hardware: { ...testHardware, gpus: [gpu] },
  load: {
    ...{ freeRamBytes: 1, cpuLoad: 0, cpuWatts: 15 },
    gpus: [{ freeVramBytes: 10 * gib, othersBytes: 6 * gib, offeredBytes: 16 * gib, ...told }],
  },
});

describe("a worker's GPU memory", () => {
  it("is ours, others' and free, and they add up", () => {
    expect(vramOf(withGpu)).toEqual({
      ...{ totalBytes: 24 * gib, freeBytes: 10 * gib, offeredBytes: 16 * gib },
      ...{ oursBytes: 8 * gib, othersBytes: 6 * gib },
    });
  });

  it("is what engines report where the driver does not tell others' from ours", () => {
    const load = { freeRamBytes: 1, cpuLoad: 0, gpus: [] };
    const replicas = [testReplicaView({ vramBytes: 5 * gib })];
    expect(vramOf({ ...withGpu, load, replicas })).toEqual({
      ...{ totalBytes: 24 * gib, freeBytes: 23 * gib, offeredBytes: undefined },
      ...{ oursBytes: 5 * gib, othersBytes: undefined },
    });
  });
});

describe("a fleet in one view", () => {
  it("sums what is here, and keeps what those gave that have left", () => {
    const lost = testWorkerView({ id: "w2", state: "lost", hardware: withGpu.hardware });
    const plain = testWorkerView({ id: "w3", replicas: [testReplicaView({ slots: 4, slotsUsed: 3 })] });
    const energies = [
      { ...noEnergy, joules: 100, workingJoules: 60, promptTokens: 5, lentMs: 1_000 },
      { ...noEnergy, joules: 11, completionTokens: 7, measuredTokens: 3, lentMs: 500 },
    ];
    expect(summarize([withGpu, lost, plain], energies)).toEqual({
      workers: { joining: 0, ready: 2, away: 0, draining: 0, lost: 1 },
      ...{ slots: 6, slotsUsed: 3, gpus: 1, watts: 75 },
      vram: {
        ...{ totalBytes: 24 * gib, freeBytes: 10 * gib, offeredBytes: 16 * gib },
        ...{ oursBytes: 8 * gib, othersBytes: 6 * gib },
      },
      ...{ joules: 111, workingJoules: 60, measuredTokens: 3 },
      ...{ promptTokens: 5, completionTokens: 7, lentMs: 1_500 },
    });
  });

  it("of machines that tell nothing draws an unknown power, not none", () => {
    expect(summarize([testWorkerView()], []).watts).toBeUndefined();
  });
});
