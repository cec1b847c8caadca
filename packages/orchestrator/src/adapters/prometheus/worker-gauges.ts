import { Counter, Gauge, type Registry } from "prom-client";
import { type Energy, wattsOf } from "../../core/fleet/energy.ts";
import { vramOf } from "../../core/fleet/vram.ts";
import type { WorkerView } from "../../core/fleet/worker.ts";

/** What workers tell of their GPUs and their power. What one does not tell has no series: 0 would be a lie. */
export function registerWorkerGauges(
  registers: Registry[],
  observe: {
    readonly workers: () => readonly WorkerView[];
    readonly energy: (workerId: string) => Energy;
  },
): void {
  const here = () => observe.workers().filter(({ state }) => state !== "lost");
  new Gauge({
    name: "muster_worker_watts",
    help: "What a worker's GPUs and processors draw, as far as they tell.",
    labelNames: ["worker"],
    registers,
    collect() {
      this.reset();
      for (const { name, load } of here()) {
        const watts = wattsOf(load);
        if (watts !== undefined) this.inc({ worker: name }, watts);
      }
    },
  });
  new Counter({
    name: "muster_worker_energy_joules_total",
    help: "Energy that a worker has drawn while it was connected, as far as it tells; `working`: while it answered.",
    labelNames: ["worker", "kind"],
    registers,
    collect() {
      this.reset();
      for (const { id, name } of observe.workers()) {
        const { joules, workingJoules } = observe.energy(id);
        if (joules === 0) continue;
        this.inc({ worker: name, kind: "working" }, workingJoules);
        this.inc({ worker: name, kind: "other" }, joules - workingJoules);
      }
    },
  });
  new Gauge({
    name: "muster_worker_vram_bytes",
    help: "Memory of a worker's GPUs, by whose it is; `offered` is what Muster may have in all.",
    labelNames: ["worker", "kind"],
    registers,
    collect() {
      this.reset();
      for (const worker of here()) {
        if (worker.hardware.gpus.length === 0) continue;
        const { totalBytes, oursBytes, othersBytes, freeBytes, offeredBytes } = vramOf(worker);
        const kinds = { total: totalBytes, ours: oursBytes, others: othersBytes, free: freeBytes };
        for (const [kind, bytes] of Object.entries({ ...kinds, offered: offeredBytes })) {
          if (bytes !== undefined) this.inc({ worker: worker.name, kind }, bytes);
        }
      }
    },
  });
  new Gauge({
    name: "muster_worker_gpu_utilization",
    help: "Share of the time that a GPU works, 0 to 1, for Muster or anybody else.",
    labelNames: ["worker", "gpu"],
    registers,
    collect() {
      this.reset();
      for (const { name, load } of here()) {
        for (const [at, { utilization }] of (load?.gpus ?? []).entries()) {
          if (utilization !== undefined) this.set({ worker: name, gpu: String(at) }, utilization);
        }
      }
    },
  });
}
