import type { Registry } from "prom-client";
import { wattsOf } from "../../core/fleet/energy.ts";
import { vramOf } from "../../core/fleet/vram.ts";
import { fleetMetrics, workerMetrics } from "../../core/metrics/definitions.ts";
import type { WorkerLook } from "../../flows/fleet-entries.ts";
import { type Labels, type LookedFamily, lookedFamilies } from "./families.ts";
import type { Observed } from "./observed.ts";
import type { Pause } from "./pause.ts";

type WorkerGauges = Readonly<Record<keyof typeof workerMetrics, LookedFamily>>;
type WorkersObserved = Pick<Observed, "nowMs" | "workers" | "lostWorkers" | "energy">;

/** What workers tell of themselves. What one does not tell has no series: 0 would be a lie. */
export function createWorkerSeries(registry: Registry): {
  look(observed: WorkersObserved, pause: Pause): Promise<void>;
} {
  const { workerDisconnects } = fleetMetrics;
  const { disconnects, ...links } = lookedFamilies(registry, { disconnects: workerDisconnects });
  const { forget, ...gauges } = lookedFamilies(registry, workerMetrics);
  return {
    async look(observed, pause) {
      links.forget();
      forget();
      const workers = [...observed.workers()];
      const nameOf = createWorkerNames(workers);
      for (const worker of workers) {
        const name = nameOf(worker);
        gauges.up.set(1, name);
        disconnects.set(worker.disconnects, name);
        addWorker(gauges, name, { worker, observed });
        await pause();
      }
      const seen = new Set(workers.map(({ identity }) => identity.name));
      for (const { identity, disconnects: count } of observed.lostWorkers()) {
        // Another of that name is here, or was lost as well.
        if (seen.has(identity.name)) continue;
        seen.add(identity.name);
        gauges.up.set(0, identity.name);
        disconnects.set(count, identity.name);
      }
    },
  };
}

/** Nobody keeps two workers from calling themselves alike: those that do are told apart by their ids. */
function createWorkerNames(workers: readonly WorkerLook[]): (worker: WorkerLook) => string {
  const counts = new Map<string, number>();
  for (const { identity } of workers) counts.set(identity.name, (counts.get(identity.name) ?? 0) + 1);
  return ({ identity: { id, name } }) => ((counts.get(name) ?? 0) > 1 ? `${name} (${id})` : name);
}

interface Shown {
  readonly worker: WorkerLook;
  readonly observed: Pick<Observed, "nowMs" | "energy">;
}

function addWorker(gauges: WorkerGauges, name: string, { worker, observed }: Shown): void {
  const { identity, load } = worker;
  const labels = { worker: name };
  const { version, hardware } = identity;
  gauges.info.set(1, name, version, hardware.platform, hardware.backend, identity.labels["pool"] ?? "");
  const ageMs = Math.max(0, observed.nowMs() - worker.lastHeartbeatAtMs);
  gauges.heartbeatAge.setLabelled(ageMs / 1_000, labels);
  gauges.cpu.setLabelled(load?.cpuLoad, labels);
  gauges.freeRam.setLabelled(load?.freeRamBytes, labels);
  gauges.watts.setLabelled(wattsOf(load), labels);
  gauges.freeDisk.setLabelled(worker.inventory?.freeDiskBytes, labels);
  addSlots(gauges.slots, name, worker);
  addGpus(gauges, name, worker);
  addVram(gauges.vram, name, worker);
  const { joules, workingJoules } = observed.energy(identity.id);
  if (joules > 0) {
    gauges.energy.set(workingJoules, name, "working");
    gauges.energy.set(joules - workingJoules, name, "other");
  }
  addProcess(gauges, labels, worker);
}

function addProcess(gauges: WorkerGauges, labels: Labels, { load }: WorkerLook): void {
  const process = load?.process;
  if (process === undefined) return;
  gauges.residentMemory.setLabelled(process.residentBytes, labels);
  gauges.cpuSeconds.setLabelled(process.cpuSeconds, labels);
  gauges.eventLoopLag.setLabelled(process.eventLoopLagSeconds, labels);
  gauges.engineCrashes.setLabelled(process.engineCrashes, labels);
  gauges.promptTokens.setLabelled(process.promptTokens, labels);
  gauges.generationTokens.setLabelled(process.generationTokens, labels);
  gauges.prefillSeconds.setLabelled(process.prefillSeconds, labels);
  gauges.decodeSeconds.setLabelled(process.decodeSeconds, labels);
}

/** A worker may have several replicas of a model. */
function addSlots(slots: LookedFamily, name: string, { replicas }: WorkerLook): void {
  const models = new Map<string, { used: number; free: number }>();
  for (const { report, slotsUsed, isAccepting } of replicas.values()) {
    const of = models.get(report.model) ?? { used: 0, free: 0 };
    models.set(report.model, of);
    of.used += slotsUsed;
    if (isAccepting) of.free += Math.max(0, report.slots - slotsUsed);
  }
  for (const [model, { used, free }] of models) {
    slots.set(used, name, model, "used");
    slots.set(free, name, model, "free");
  }
}

function addGpus(gauges: WorkerGauges, name: string, { load }: WorkerLook): void {
  for (const [at, { utilization, temperatureCelsius, watts }] of (load?.gpus ?? []).entries()) {
    if (utilization === undefined && temperatureCelsius === undefined && watts === undefined) continue;
    const labels = { worker: name, gpu: at };
    gauges.gpuUtilization.setLabelled(utilization, labels);
    gauges.gpuTemperature.setLabelled(temperatureCelsius, labels);
    gauges.gpuWatts.setLabelled(watts, labels);
  }
}

function addVram(vram: LookedFamily, name: string, { identity, load, replicas }: WorkerLook): void {
  const { hardware } = identity;
  if (hardware.gpus.length === 0) return;
  const reports = Array.from(replicas.values(), ({ report }) => report);
  const { totalBytes, oursBytes, othersBytes, freeBytes, offeredBytes } = vramOf({
    ...{ hardware, load },
    replicas: reports,
  });
  const kinds = { total: totalBytes, ours: oursBytes, others: othersBytes, free: freeBytes };
  for (const [kind, bytes] of Object.entries({ ...kinds, offered: offeredBytes }))
    vram.set(bytes, name, kind);
}
