import { randomFillSync } from "node:crypto";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { credentials, Metadata } from "@grpc/grpc-js";
import { silentLog, systemClock } from "@muster/base";
import { openWorkerModels } from "@muster/models";
import { writeGguf } from "@muster/models/testing";
import { loadFleet, orchestratorBody, type WireBlobPieceRead } from "@muster/proto";
import { Muster } from "@muster/sdk";
import { createGrpcMirror } from "@muster/worker";
import { type BenchCluster, startBenchCluster } from "./processes.ts";

const megabytes = 512;
const rounds = 3;
const beatMs = 50;
const uri = "local:bench.gguf";

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
  const client = new (loadFleet().Client)(cluster.fleetAddress, credentials.createInsecure(), {
    "grpc.use_local_subchannel_pool": 1,
    "grpc-node.flow_control_window": 1024 * 1024,
  });
  const metadata = new Metadata();
  metadata.set("worker-id", `bench-${Math.random()}`);
  for await (const piece of client.FetchBlob({ uri, sha256: "", offset: 0 }, metadata)) {
    void (piece as WireBlobPieceRead).data.length;
  }
  client.close();
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
      feed: createGrpcMirror({ address: cluster.fleetAddress, joinToken: undefined, workerId: "bench" }),
    },
  );
  await store.ensure(uri, { signal: new AbortController().signal, onProgress() {} });
}

/** Beats like a worker while something goes on, and measures how long each answer takes. */
async function beatWhile(
  cluster: BenchCluster,
  task: () => Promise<unknown>,
): Promise<{ delaysMs: number[] }> {
  const client = new (loadFleet().Client)(cluster.fleetAddress, credentials.createInsecure());
  const stream = client.Connect(new Metadata());
  const sentMs = new Map<number, number>();
  const delaysMs: number[] = [];
  stream.on("error", () => {});
  stream.on("data", (message) => {
    const body = orchestratorBody(message);
    if (body?.kind !== "heartbeatAck") return;
    delaysMs.push(performance.now() - (sentMs.get(body.value.sequence) ?? 0));
  });
  stream.write({ hello: { minProtocol: 1, maxProtocol: 1, workerId: "bench-beats", name: "bench-beats" } });
  let sequence = 0;
  const timer = setInterval(() => {
    sentMs.set(sequence, performance.now());
    stream.write({ heartbeat: { sequence, attemptIds: [] } });
    sequence += 1;
  }, beatMs);
  await task();
  clearInterval(timer);
  stream.end();
  client.close();
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
