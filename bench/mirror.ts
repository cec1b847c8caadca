import { randomFillSync } from "node:crypto";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { silentLog, systemClock } from "@muster/base";
import { openWorkerModels } from "@muster/models";
import { writeGguf } from "@muster/models/testing";
import { Muster } from "@muster/sdk";
import { createGrpcMirror, createGrpcOrchestratorLink } from "@muster/worker";
import { type BenchCluster, startBenchCluster } from "./processes.ts";

const megabytes = 512;
const rounds = 3;
const beatMs = 50;
const uri = "local:bench.gguf";
const hello = {
  ...{ workerId: "bench-beats", name: "bench-beats", version: "0", labels: {}, running: [] },
  ...{ takesPlacement: false, engine: "stub", engineVersion: undefined },
  hardware: {
    ...{ hostname: "bench", platform: "", arch: "", cpuModel: "", physicalCores: 1, logicalCores: 1 },
    ...{ ramBytes: 0, freeRamBytes: 0, backend: "cpu", gpus: [] },
  },
};

/** What the office mirror gives on loopback, and how long heartbeats take meanwhile. */
export async function benchMirror(print: (row: string[]) => void): Promise<void> {
  const directory = await mkdtemp(join(tmpdir(), "muster-bench-mirror-"));
  const cluster = await startBenchCluster([]);
  try {
    const bytes = await fillMirror(cluster, print);
    const beats = await beatWhile(cluster, () => new Promise((resolve) => setTimeout(resolve, 5_000)));
    print(["heartbeats answered, p50 / p99 / most, idle", spread(beats.delaysMs), "ms"]);
    for (const readers of [1, 3]) {
      const cpuBefore = await cpuSeconds(cluster.orchestratorPid);
      const wire = await medianOf(async () => {
        const before = performance.now();
        await Promise.all(Array.from({ length: readers }, () => readAway(cluster)));
        return rateOf(bytes * readers, before);
      });
      const perSecond =
        (bytes * readers * rounds) / 1e6 / ((await cpuSeconds(cluster.orchestratorPid)) - cpuBefore);
      print([`wire alone, ${readers} at once, together`, `${wire.toFixed(0)} MB/s`, ""]);
      print(["for each second of the orchestrator's processor", `${perSecond.toFixed(0)} MB`, ""]);
    }
    const during: number[] = [];
    const kept = await medianOf(async () => {
      const before = performance.now();
      const { delaysMs } = await beatWhile(cluster, () => keep(cluster, directory));
      during.push(...delaysMs);
      return rateOf(bytes, before);
    });
    print(["to a worker's disk, hashed, synced, 1 worker", `${kept.toFixed(0)} MB/s`, ""]);
    print(["heartbeats answered meanwhile", spread(during), "ms"]);
  } finally {
    await cluster.stop();
    await rm(directory, { recursive: true, force: true });
  }
}

async function fillMirror(cluster: BenchCluster, print: (row: string[]) => void): Promise<number> {
  const elements = (megabytes * 1_000_000) / 4;
  const file = writeGguf({ tensors: [{ name: "weights", elements }] });
  randomFillSync(file, file.length - elements * 4);
  const muster = new Muster({ baseUrl: cluster.url, apiKey: "" });
  const before = performance.now();
  await muster.mirror.upload({ file, name: "bench.gguf", bytes: file.length });
  print(["put into the mirror over HTTP", `${rateOf(file.length, before).toFixed(0)} MB/s`, ""]);
  return file.length;
}

/** Takes the bytes and does nothing with them. */
async function readAway(cluster: BenchCluster): Promise<void> {
  const { signal } = new AbortController();
  const flow = await feedOf(cluster).open({ source: uri, sha256: undefined, offset: 0 }, signal);
  for await (const piece of flow.pieces()) void piece.length;
  flow.close();
}

/** As another worker each time. */
function feedOf(cluster: BenchCluster) {
  const workerId = `bench-${Math.random()}`;
  return createGrpcMirror({ address: cluster.fleetAddress, identity: () => undefined, workerId });
}

/** As a worker does it. */
async function keep(cluster: BenchCluster, directory: string): Promise<void> {
  const modelDirectory = join(directory, "models");
  await rm(modelDirectory, { recursive: true, force: true });
  const { store } = openWorkerModels(
    { modelDirectory, huggingFaceEndpoint: undefined, huggingFaceToken: undefined, env: {} },
    {
      ...{ log: silentLog, clock: systemClock, budgetBytes: undefined, isKept: () => false },
      ...{ policy: "mirror-only", hasMirror: () => true },
      feed: feedOf(cluster),
    },
  );
  await store.ensure(uri, { signal: new AbortController().signal, onProgress() {} });
}

/** Beats like a worker while something goes on, and measures how long each answer takes. */
async function beatWhile(
  cluster: BenchCluster,
  task: () => Promise<unknown>,
): Promise<{ readonly delaysMs: readonly number[] }> {
  const sentMs = new Map<number, number>();
  const delaysMs: number[] = [];
  const link = createGrpcOrchestratorLink({
    ...{ address: cluster.fleetAddress, identity: undefined, speaksTls: async () => false, log: silentLog },
  });
  const dialled = await link.dial(hello, (message) => {
    if (message.kind !== "heartbeat-ack") return;
    delaysMs.push(performance.now() - (sentMs.get(message.sequence) ?? 0));
  });
  if (dialled.kind !== "accepted") throw new Error(`the link is ${dialled.kind}`);
  const { session } = dialled;
  let sequence = 0;
  const timer = setInterval(() => {
    sentMs.set(sequence, performance.now());
    session.send({ kind: "heartbeat", sequence, attempts: [], load: { freeRamBytes: 0, cpuLoad: 0 } });
    sequence += 1;
  }, beatMs);
  await task();
  clearInterval(timer);
  session.close();
  await session.ended;
  return { delaysMs };
}

/** Of Linux alone; elsewhere the figure is no number. */
async function cpuSeconds(pid: number): Promise<number> {
  const text = await readFile(`/proc/${pid}/stat`, "utf8").catch(() => "");
  const [user, system] = text
    .replace(/^.*\) /s, "")
    .split(" ")
    .slice(11, 13)
    .map(Number);
  return ((user ?? Number.NaN) + (system ?? Number.NaN)) / 100;
}

function rateOf(bytes: number, sinceMs: number): number {
  return bytes / 1e6 / ((performance.now() - sinceMs) / 1000);
}

async function medianOf(measure: () => Promise<number>): Promise<number> {
  const found: number[] = [];
  for (let round = 0; round < rounds; round++) found.push(await measure());
  return found.sort((a, b) => a - b)[Math.floor(rounds / 2)] ?? 0;
}

function spread(values: readonly number[]): string {
  const sorted = values.toSorted((a, b) => a - b);
  const at = (share: number) =>
    (sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? 0).toFixed(1);
  return `${at(0.5)} / ${at(0.99)} / ${at(1)}`;
}
