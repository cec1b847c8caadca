import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import { startTestRedis, type TestRedis } from "../support/redis-server.ts";
import { type AtEnd, eventually, model, temporaryDirectory, type WorkerJson } from "./cluster.ts";
import { createMusterProcess, type MusterProcess } from "./muster-process.ts";
import { startTcpProxy, type TcpProxy } from "./tcp-proxy.ts";

/**
 * Orchestrators and workers as processes of their own, on one Redis and one object store. Workers dial their
 * orchestrator through a proxy, so that the network between them can fail, and find it again when it comes back.
 */
export interface Office {
  readonly redis: TestRedis;
  readonly storeDirectory: string;
  readonly orchestrators: readonly [OfficeOrchestrator, ...OfficeOrchestrator[]];
  readonly workers: readonly [OfficeWorker, ...OfficeWorker[]];
  /** Where one that runs listens. */
  url(): string;
  /** Waits until every worker serves. */
  untilServing(): Promise<void>;
  /** Throws where a process has ended by itself. */
  checkAccidents(): void;
}

export interface OfficeOrchestrator {
  readonly process: MusterProcess;
  readonly link: TcpProxy;
  /** Undefined while it is not there, or frozen. */
  url(): string | undefined;
  start(): Promise<void>;
  kill(signal?: NodeJS.Signals): Promise<void>;
  freeze(): void;
  thaw(): void;
}

export interface OfficeWorker {
  readonly process: MusterProcess;
  readonly orchestrator: OfficeOrchestrator;
}

export interface OfficeOptions {
  readonly orchestrators: number;
  /** Dealt out to the orchestrators in turn. */
  readonly workers: number;
  readonly slots: number;
  readonly storeDirectory?: string;
  readonly env?: Readonly<Record<string, string>>;
}

/** All of it ends with whatever `atEnd` stands for. */
export async function startOffice(options: OfficeOptions, atEnd: AtEnd): Promise<Office> {
  const directory = await temporaryDirectory(atEnd);
  const redis = await startTestRedis();
  atEnd(() => redis.stop());
  const storeDirectory = options.storeDirectory ?? join(directory, "store");
  await mkdir(storeDirectory, { recursive: true });
  const shared = { directory, storeDirectory, redis, env: options.env ?? {} };

  const orchestrators = await Promise.all(
    Array.from({ length: options.orchestrators }, (_none, at) =>
      startOrchestrator(`orchestrator-${at + 1}`, shared, atEnd),
    ),
  );
  const workers = Array.from({ length: options.workers }, (_none, at) => {
    const orchestrator = orchestrators[at % orchestrators.length];
    if (orchestrator === undefined) throw new Error("an office needs an orchestrator");
    return createWorker(`worker-${at + 1}`, { ...shared, orchestrator, slots: options.slots }, atEnd);
  });
  await Promise.all(workers.map((worker) => worker.process.start()));
  const [firstOrchestrator, ...otherOrchestrators] = orchestrators;
  const [firstWorker, ...otherWorkers] = workers;
  if (firstOrchestrator === undefined || firstWorker === undefined)
    throw new Error("an office needs an orchestrator and a worker");

  const office: Office = {
    redis,
    storeDirectory,
    orchestrators: [firstOrchestrator, ...otherOrchestrators],
    workers: [firstWorker, ...otherWorkers],
    url() {
      const url = orchestrators.map((one) => one.url()).find((each) => each !== undefined);
      if (url === undefined) throw new Error("no orchestrator runs");
      return url;
    },
    untilServing: () =>
      eventually(async () => {
        const states = await Promise.all(orchestrators.map(readyWorkers));
        return states.flat().length === workers.length;
      }, 60_000),
    checkAccidents() {
      for (const { process } of [...orchestrators, ...workers]) {
        const accident = process.accident();
        if (accident !== undefined) throw new Error(accident);
      }
    },
  };
  await office.untilServing();
  return office;
}

interface Shared {
  readonly directory: string;
  readonly storeDirectory: string;
  readonly redis: TestRedis;
  readonly env: Readonly<Record<string, string>>;
}

async function startOrchestrator(name: string, shared: Shared, atEnd: AtEnd): Promise<OfficeOrchestrator> {
  const link = await startTcpProxy();
  atEnd(() => link.close());
  let url: string | undefined;
  let isFrozen = false;
  const process = createMusterProcess({
    name,
    args: [
      ...["orchestrator", "--port", "0", "--fleet-port", "0", "--redis-url", shared.redis.url],
      ...["--data-dir", join(shared.directory, name)],
    ],
    env: { MUSTER_OBJECT_STORE: shared.storeDirectory, ...shared.env },
    ready: /Clients: (\S+)\/v1\nWorkers: .*--join (\S+)\n/,
  });
  const kill = async (signal?: NodeJS.Signals) => {
    url = undefined;
    await process.kill(signal);
  };
  atEnd(() => kill());
  const start = async () => {
    const [, client, fleet = ""] = await process.start();
    link.forwardTo(fleet);
    url = client;
  };
  await start();
  return {
    process,
    link,
    url: () => (isFrozen ? undefined : url),
    start,
    kill,
    freeze() {
      isFrozen = true;
      process.freeze();
    },
    thaw() {
      process.thaw();
      isFrozen = false;
    },
  };
}

function createWorker(
  name: string,
  shared: Shared & { readonly orchestrator: OfficeOrchestrator; readonly slots: number },
  atEnd: AtEnd,
): OfficeWorker {
  const { orchestrator, slots } = shared;
  const process = createMusterProcess({
    name,
    args: [
      ...["worker", "stub:stub-model", "--engine", "stub", "--model-name", model],
      ...["--slots", String(slots), "--join", orchestrator.link.address, "--name", name],
      ...["--data-dir", join(shared.directory, name)],
    ],
    env: shared.env,
    ready: /Connected to/,
  });
  atEnd(() => process.kill());
  return { process, orchestrator };
}

/** The names of those that serve. */
async function readyWorkers(orchestrator: OfficeOrchestrator): Promise<readonly string[]> {
  return (await workersOf(orchestrator)).filter(({ state }) => state === "ready").map(({ name }) => name);
}

export async function workersOf(orchestrator: OfficeOrchestrator): Promise<readonly WorkerJson[]> {
  const url = orchestrator.url();
  if (url === undefined) return [];
  const answer = await fetch(`${url}/cluster/v1/workers`);
  return ((await answer.json()) as { data: WorkerJson[] }).data;
}
