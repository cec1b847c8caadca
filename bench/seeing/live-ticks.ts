import { Background, type MachineLoad, ManualClock, silentLog } from "@muster/base";
import {
  createLiveWording,
  FleetRegistry,
  FlowMeter,
  LiveFeed,
  type LiveSubscriber,
  Sampler,
  testIdentity,
  testReplica,
} from "@muster/orchestrator/testing";
import { median, percentile } from "../load.ts";

const workers = 1_000;
const replicasPerWorker = 3;
const models = 100;
const subscribers = 10;
const intervalMs = 2_000;
const ticks = 100;
const warmUp = 30;
const gpuBytes = 24 * 2 ** 30;

/** How many workers' GPUs and slots change between two looks. */
const fleets = [
  { name: "a quiet fleet", busy: 0, goals: ["< 20 ms", "< 50 KB/s"] },
  { name: "a tenth busy", busy: 0.1, goals: ["", ""] },
  { name: "all busy", busy: 1, goals: ["", ""] },
] as const;

/** What a look at a thousand workers costs, with ten who follow it: processor time, and what each of them is sent. */
export function benchTicks(print: (row: string[]) => void): void {
  for (const { name, busy, goals } of fleets) {
    const world = startWorld();
    const alone = timed(world, busy);
    const clients = Array.from({ length: subscribers }, () => new CountingClient());
    for (const client of clients) world.feed.subscribe(client);
    const full = clients[0]?.bytes ?? 0;
    const followed = timed(world, busy, clients);
    print([`${name}: a look, nobody follows`, `${median(alone.tickMs).toFixed(1)} ms`, ""]);
    print([`${name}: a look, ${subscribers} follow`, `${median(followed.tickMs).toFixed(1)} ms`, goals[0]]);
    print([`${name}: the same, p99`, `${percentile(followed.tickMs, 0.99).toFixed(1)} ms`, ""]);
    print([`${name}: sent to each`, `${(followed.bytesPerSecond / 1_000).toFixed(1)} KB/s`, goals[1]]);
    print([`${name}: the first picture`, `${(full / 1_000).toFixed(0)} KB`, ""]);
  }
}

/** Has always read what it was sent. */
class CountingClient implements LiveSubscriber {
  readonly audience = undefined;
  readonly hasRoom = true;
  bytes = 0;

  isAllowed(): boolean {
    return true;
  }

  send(event: string): void {
    this.bytes += Buffer.byteLength(event);
  }

  end(): void {}
}

function startWorld() {
  const clock = new ManualClock();
  const log = silentLog;
  const background = new Background(log);
  const fleet = new FleetRegistry({ clock, log });
  for (let at = 0; at < workers; at++) join(fleet, at);
  const meter = new FlowMeter();
  const sampler = new Sampler({
    ...{ meter, intervalMs, clock, log, background },
    exchange: { tell: async () => {}, others: () => [], close: async () => {} },
    workers: () => fleet.workers(),
    requests: () => new Map(),
    linesLeft: () => new Map(),
    findings: () => [],
  });
  const feed = new LiveFeed({
    ...{ log, background, latest: () => sampler.latest(), batches: async () => [], findings: () => [] },
    wording: createLiveWording({
      ...{ version: "1.0.0", orchestratorId: "orc-1", startedWallMs: 0, intervalMs },
      wallMs: () => clock.wallMs(),
      batches: () => new Map(),
    }),
  });
  sampler.notify((look) => feed.tick(look));
  sampler.start();
  return { clock, fleet, feed };
}

function join(fleet: FleetRegistry, at: number): void {
  const id = idOf(at);
  const gpu = { name: "NVIDIA GeForce RTX 4090", vramBytes: gpuBytes, freeVramBytes: gpuBytes / 2 };
  const identity = testIdentity({ id, name: `desk-${at}`, labels: { pool: "desks" } });
  const hardware = { ...identity.hardware, gpus: [gpu], backend: "cuda" };
  fleet.join({ ...identity, hardware }, { send: () => true, supersede() {}, close() {} });
  for (let replica = 0; replica < replicasPerWorker; replica++) {
    const model = `model-${(at * replicasPerWorker + replica) % models}`;
    fleet.reportReplica(id, testReplica({ id: `rep-${at}-${replica}`, model, slots: 8, vramBytes: 5e9 }));
  }
  fleet.beat(id, loadOf(at, 0));
}

function idOf(at: number): string {
  return `wrk-00000000-0000-4000-8000-${String(at).padStart(12, "0")}`;
}

/** What a machine says of itself is never twice the same, quiet or not. */
function loadOf(at: number, turn: number, busy = 0): MachineLoad {
  const noise = ((at * 7_919 + turn * 104_729) % 1_000) / 1_000;
  const isBusy = noise < busy;
  return {
    freeRamBytes: 8e9 + noise * 1e7,
    cpuLoad: 0.02 + 0.005 * noise + (isBusy ? noise : 0),
    gpus: [
      {
        freeVramBytes: gpuBytes / 2 + noise * 1e6 - (isBusy ? noise * 5e9 : 0),
        othersBytes: 5e8,
        offeredBytes: gpuBytes * 0.8,
        utilization: isBusy ? (turn % 20) / 20 : 0.001 * noise,
        temperatureCelsius: 41 + 0.3 * noise + (isBusy ? turn % 30 : 0),
        watts: 22 + noise + (isBusy ? (turn * 13) % 300 : 0),
      },
    ],
  };
}

function timed(
  { clock, fleet }: ReturnType<typeof startWorld>,
  busy: number,
  clients: readonly CountingClient[] = [],
) {
  const tickMs: number[] = [];
  let bytesFrom = 0;
  for (let turn = 0; turn < warmUp + ticks; turn++) {
    for (let at = 0; at < workers; at++) fleet.beat(idOf(at), loadOf(at, turn, busy));
    if (turn === warmUp) bytesFrom = clients[0]?.bytes ?? 0;
    // Processor time: others on the machine do not count.
    const from = process.cpuUsage();
    clock.advance(intervalMs);
    const { user, system } = process.cpuUsage(from);
    if (turn >= warmUp) tickMs.push((user + system) / 1_000);
  }
  const sent = (clients[0]?.bytes ?? 0) - bytesFrom;
  return { tickMs, bytesPerSecond: sent / ((ticks * intervalMs) / 1_000) };
}
