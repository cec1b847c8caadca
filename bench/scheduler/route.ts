import { silentLog, systemClock } from "@muster/base";
import { FleetRegistry, testIdentity, testReplica } from "@muster/orchestrator/testing";
import { median, percentile } from "../load.ts";

const rounds = 3;
const routes = 6_000;
const warmUpRoutes = 3_000;
const slots = 8;

interface Fleet {
  readonly name: string;
  readonly workers: number;
  readonly models: number;
}

const fleets: readonly Fleet[] = [
  { name: "1000 workers, 3 of 100 models each", workers: 1_000, models: 100 },
  { name: "1000 workers, all of one model", workers: 1_000, models: 1 },
];

/** How long it takes to find a slot and to give one back, with an answer that is learnt from. */
export async function benchRoute(print: (row: string[]) => void): Promise<void> {
  for (const fleet of fleets) {
    const p50: number[] = [];
    const p99: number[] = [];
    const cpu: number[] = [];
    for (let round = 0; round < rounds; round++) {
      const { times, cpuMs } = await routeTimes(fleet);
      cpu.push(cpuMs);
      p50.push(percentile(times, 0.5));
      p99.push(percentile(times, 0.99));
    }
    print([`${fleet.name}: route, p50`, `${median(p50).toFixed(4)} ms`, ""]);
    print([`${fleet.name}: route, p99`, `${median(p99).toFixed(4)} ms`, "<= 0.2 ms"]);
    // Whoever else is on the machine takes time, but none of this.
    print([`${fleet.name}: processor time`, `${median(cpu).toFixed(4)} ms`, ""]);
  }
}

async function routeTimes({
  workers,
  models,
}: Fleet): Promise<{ readonly times: readonly number[]; readonly cpuMs: number }> {
  const fleet = new FleetRegistry({ clock: systemClock, log: silentLog, random: Math.random });
  const link = { send: () => true, supersede() {}, close() {} };
  const perWorker = models === 1 ? 1 : 3;
  for (let worker = 0; worker < workers; worker++) {
    const id = `w${worker}`;
    fleet.join(testIdentity({ id, name: id }), link);
    for (let at = 0; at < perWorker; at++) {
      const model = `m${(worker * perWorker + at) % models}`;
      fleet.reportReplica(id, testReplica({ id: `r${at}`, model, slots }));
    }
  }
  const wish = {
    laneClass: "interactive" as const,
    ...{ avoid: new Set<string>(), needs: new Set(["chat"] as const), signal: new AbortController().signal },
    ...{ promptTokens: 400, maxTokens: 200 },
  };
  const held: Awaited<ReturnType<FleetRegistry["acquire"]>>[] = [];
  const times: number[] = [];
  let from = process.cpuUsage();
  for (let route = 0; route < warmUpRoutes + routes; route++) {
    const model = `m${route % models}`;
    if (route === warmUpRoutes) from = process.cpuUsage();
    const startedMs = performance.now();
    const taken = fleet.acquire(model, wish);
    const tookMs = performance.now() - startedMs;
    held.push(await taken);
    let gaveMs = 0;
    // From then on as many slots are taken as are given back: replicas are neither idle nor full.
    if (route > warmUpRoutes) {
      const lease = held.shift();
      const speed = 20 + (Number(lease?.workerId.slice(1)) % 60);
      const gaveFromMs = performance.now();
      lease?.release({
        kind: "answered",
        usage: { promptTokens: 400, cachedTokens: 0, completionTokens: 101 },
        timings: { prefillMs: 200, decodeMs: 100_000 / speed },
      });
      gaveMs = performance.now() - gaveFromMs;
    }
    if (route >= warmUpRoutes) times.push(tookMs + gaveMs);
  }
  const { user, system } = process.cpuUsage(from);
  return { times, cpuMs: (user + system) / 1_000 / routes };
}
