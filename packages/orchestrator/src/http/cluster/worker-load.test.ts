import { describe, expect, it } from "vitest";
import { noEnergy } from "../../core/fleet/energy.ts";
import { testHardware, testWorkerView } from "../../core/fleet/worker.fixture.ts";
import { energyBody, gpuBodies } from "./worker-load.ts";

const gib = 1024 ** 3;
const gpu = { name: "NVIDIA L4", vramBytes: 24 * gib, freeVramBytes: 23 * gib, uuid: "GPU-1" };
const hardware = { ...testHardware, gpus: [gpu] };
const told = { utilization: 0.456, temperatureCelsius: 51.04, watts: 60.26 };
const load = {
  ...{ freeRamBytes: 1, cpuLoad: 0 },
  gpus: [{ freeVramBytes: 10 * gib, othersBytes: 6 * gib, offeredBytes: 16 * gib, ...told }],
};

describe("what the cluster API says of a worker's GPUs", () => {
  it("is whose memory is whose, and how busy they are", () => {
    expect(gpuBodies(testWorkerView({ hardware, load }))).toEqual([
      {
        ...{ name: "NVIDIA L4", vram_bytes: 24 * gib, free_vram_bytes: 10 * gib },
        ...{ used_by_muster_bytes: 8 * gib, used_by_others_bytes: 6 * gib, offered_vram_bytes: 16 * gib },
        ...{ utilization: 0.46, temperature_celsius: 51, watts: 60.3 },
        ...{ uuid: "GPU-1", driver_version: null, is_unified: false },
      },
    ]);
  });

  it("is null where nobody tells, never 0", () => {
    expect(gpuBodies(testWorkerView({ hardware }))).toMatchObject([
      {
        ...{ free_vram_bytes: 23 * gib, used_by_muster_bytes: null, used_by_others_bytes: null },
        ...{ offered_vram_bytes: null, utilization: null, temperature_celsius: null, watts: null },
      },
    ]);
  });
});

describe("what it says of energy", () => {
  const worked = {
    ...noEnergy,
    ...{ joules: 7_200, workingJoules: 3_600, idleWatts: 12.34, measuredTokens: 5_000 },
    ...{ promptTokens: 4_000, completionTokens: 1_000, lentMs: 60_000 },
  };

  it("is the draw now, the sums, and what a million tokens cost", () => {
    expect(energyBody(testWorkerView({ hardware, load }), worked, 0.4)).toEqual({
      ...{ watts: 60.3, sources: ["gpus"], idle_watts: 12.3 },
      ...{ watt_hours: 2, watt_hours_working: 1, tokens_per_watt_hour: 5_000 },
      ...{ prompt_tokens: 4_000, completion_tokens: 1_000 },
      ...{ cost_per_million_tokens: 0.08, seconds_lent: 60 },
    });
  });

  it("is null of a machine that has never told, and has no draw of one that is lost", () => {
    expect(energyBody(testWorkerView(), noEnergy, 0.4)).toBeNull();
    const lost = testWorkerView({ state: "lost", hardware, load });
    expect(energyBody(lost, worked, undefined)).toMatchObject({
      ...{ watts: null, watt_hours: 2, cost_per_million_tokens: null },
    });
  });
});
