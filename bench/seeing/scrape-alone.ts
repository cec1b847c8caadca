import { monitorEventLoopDelay } from "node:perf_hooks";
import { silentLog, systemClock } from "@muster/base";
import {
  createPrometheusMetrics,
  FleetRegistry,
  testIdentity,
  testReplica,
} from "@muster/orchestrator/testing";
import { median } from "../load.ts";

const models = 20;
const scrapes = 15;
const restMs = 100;
const gpu = { name: "NVIDIA RTX 3060", vramBytes: 12 * 2 ** 30, freeVramBytes: 8 * 2 ** 30 };
const gpuLoad = { freeVramBytes: 8 * 2 ** 30, othersBytes: 2 ** 30, offeredBytes: 10 * 2 ** 30 };
const processStats = {
  ...{ residentBytes: 150 * 2 ** 20, cpuSeconds: 61.5, eventLoopLagSeconds: 0.002, engineCrashes: 0 },
  ...{ promptTokens: 123_456, generationTokens: 65_432, prefillSeconds: 123.5, decodeSeconds: 654.25 },
};

export interface ScrapeAlone {
  readonly wallMs: number;
  readonly cpuMs: number;
  /** The event loop was held for so long at one time. */
  readonly blockMs: number;
  readonly bytes: number;
}

/** Medians of scrapes of so many workers in this process, where nothing else is done: no links, no beats, no requests. */
export async function scrapeAlone(workers: number, replicas: number): Promise<ScrapeAlone> {
  const fleet = new FleetRegistry({ clock: systemClock, log: silentLog });
  for (let at = 0; at < workers; at++) addWorker(fleet, at, replicas);
  const metrics = createPrometheusMetrics(
    {
      ...{ nowMs: Date.now, workers: () => fleet.looks(), lostWorkers: () => fleet.lost() },
      energy: () => ({
        ...{
          joules: 123_456.789,
          workingJoules: 23_456.789,
          idleWatts: 20,
          promptTokens: 0,
          completionTokens: 0,
        },
        ...{ measuredTokens: 0, lentMs: 0, last: undefined, hasAnswered: false },
      }),
      ...{ openRequests: () => 0, lanes: () => [], running: () => [], batches: () => new Map() },
      ...{ runningLines: () => 0, isStoreUp: () => true, liveClients: () => 0 },
      health: () => ({
        ...{ store: undefined, disks: new Map(), objectStoreProblem: undefined, certificates: new Map() },
        ...{ trustEndsAtMs: undefined, unreadableRecords: 0 },
      }),
    },
    { version: "", node: "", hasTenants: false, aliases: [], nowMs: () => performance.now() },
  );
  const seen: ScrapeAlone[] = [];
  for (let at = 0; at < scrapes; at++) {
    await new Promise((resolve) => setTimeout(resolve, restMs));
    seen.push(await scrapeOnce(metrics));
  }
  metrics.close();
  const of = (key: keyof ScrapeAlone) => median(seen.map((one) => one[key]));
  return { wallMs: of("wallMs"), cpuMs: of("cpuMs"), blockMs: of("blockMs"), bytes: of("bytes") };
}

async function scrapeOnce(metrics: ReturnType<typeof createPrometheusMetrics>): Promise<ScrapeAlone> {
  const delay = monitorEventLoopDelay({ resolution: 1 });
  delay.enable();
  await new Promise((resolve) => setTimeout(resolve, 5));
  const [fromMs, before] = [performance.now(), process.cpuUsage()];
  const { text } = await metrics.scrape();
  const bytes = Buffer.from(text).length;
  const { user, system } = process.cpuUsage(before);
  const wallMs = performance.now() - fromMs;
  await new Promise((resolve) => setTimeout(resolve, 5));
  delay.disable();
  return { wallMs, cpuMs: (user + system) / 1_000, blockMs: delay.max / 1e6, bytes };
}

function addWorker(fleet: FleetRegistry, at: number, replicas: number): void {
  const id = `desk-${at}`;
  const { hardware, ...identity } = testIdentity({ id, name: id });
  fleet.join(
    { ...identity, hardware: { ...hardware, gpus: [gpu] } },
    { send: () => true, supersede() {}, close() {} },
  );
  for (let each = 0; each < replicas; each++) {
    const model = `m${(at * replicas + each) % models}`;
    fleet.reportReplica(id, testReplica({ id: `rep-${each}`, model, slots: 8 }));
  }
  fleet.setInventory(id, { models: [], freeDiskBytes: 5e11, budgetBytes: undefined, fetching: [] });
  fleet.beat(id, {
    ...{ freeRamBytes: 2 ** 33, cpuLoad: 0.5, cpuWatts: 42.5, process: processStats },
    gpus: [{ ...gpuLoad, utilization: 0.75, temperatureCelsius: 61, watts: 120 }],
  });
}
