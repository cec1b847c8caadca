import { Registry } from "prom-client";
import { expect, it } from "vitest";
import { noEnergy } from "../../core/fleet/energy.ts";
import { testHardware, testWorkerView } from "../../core/fleet/worker.fixture.ts";
import { registerWorkerGauges } from "./worker-gauges.ts";

const told = { utilization: 0.5, temperatureCelsius: 50, watts: 60 };
const gpu = { name: "NVIDIA L4", vramBytes: 24, freeVramBytes: 23 };
const busy = testWorkerView({
  ...{ id: "w1", name: "desk-1", hardware: { ...testHardware, gpus: [gpu, gpu] } },
  load: {
    ...{ freeRamBytes: 1, cpuLoad: 0, cpuWatts: 15 },
    gpus: [
      { freeVramBytes: 10, othersBytes: 6, offeredBytes: 16, ...told },
      { freeVramBytes: 20, othersBytes: 4, offeredBytes: 19, ...told, utilization: undefined },
    ],
  },
});

it("tells of each worker's memory, power and energy, and nothing of those that tell nothing", async () => {
  const registry = new Registry();
  const silent = testWorkerView({ id: "w2", name: "desk-2" });
  const lost = { ...busy, id: "w3", name: "desk-3", state: "lost" as const };
  registerWorkerGauges([registry], {
    workers: () => [busy, silent, lost],
    energy: (id) => (id === "w1" ? { ...noEnergy, joules: 100, workingJoules: 70 } : noEnergy),
  });
  const scraped = async () =>
    (await registry.metrics()).split("\n").filter((line) => line !== "" && !line.startsWith("#"));
  const expected = [
    'muster_worker_watts{worker="desk-1"} 135',
    'muster_worker_energy_joules_total{worker="desk-1",kind="working"} 70',
    'muster_worker_energy_joules_total{worker="desk-1",kind="other"} 30',
    'muster_worker_vram_bytes{worker="desk-1",kind="total"} 48',
    'muster_worker_vram_bytes{worker="desk-1",kind="ours"} 8',
    'muster_worker_vram_bytes{worker="desk-1",kind="others"} 10',
    'muster_worker_vram_bytes{worker="desk-1",kind="free"} 30',
    'muster_worker_vram_bytes{worker="desk-1",kind="offered"} 35',
    'muster_worker_gpu_utilization{worker="desk-1",gpu="0"} 0.5',
  ];
  expect(await scraped()).toEqual(expected);
  // A counter is not added to by whoever looks.
  expect(await scraped()).toEqual(expected);
});
