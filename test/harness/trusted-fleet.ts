import { silentLog } from "@muster/base";
import type { OrchestratorOverrides } from "@muster/orchestrator";
import {
  joinFleet,
  loadWorkerConfig,
  type RunningWorker,
  startWorker,
  type WorkerOverrides,
} from "@muster/worker";
import {
  eventually,
  model,
  startCluster,
  type TestCluster,
  temporaryDirectory,
  testHardware,
  untilTestEnds,
} from "./cluster.ts";

/** A cluster whose fleet port wants certificates, though it is on loopback. */
export interface TrustedCluster extends TestCluster {
  /** What the object store and the authority are in, for a second orchestrator. */
  readonly storeDirectory: string;
  readonly trustDirectory: string;
  invite(wish?: Record<string, unknown>): Promise<string>;
  /** Joins and starts a worker, and waits until it serves. */
  joined(name: string, overrides?: WorkerOverrides): Promise<JoinedWorker>;
  get(path: string): Promise<unknown>;
}

export interface JoinedWorker {
  readonly worker: RunningWorker;
  readonly id: string;
  readonly dataDirectory: string;
}

export async function startTrustedCluster(overrides: OrchestratorOverrides = {}): Promise<TrustedCluster> {
  const [storeDirectory, trustDirectory] = [await temporaryDirectory(), await temporaryDirectory()];
  const cluster = await startCluster({
    ...{ fleetTls: "on", objectStore: storeDirectory, trustDirectory, ...overrides },
  });
  const invite = async (wish: Record<string, unknown> = {}) => {
    const answer = await cluster.post("/cluster/v1/invites", { pool: "desks", ...wish });
    if (answer.status !== 201) throw new Error(await answer.text());
    return ((await answer.json()) as { data: { url: string }[] }).data[0]?.url ?? "";
  };
  return {
    ...{ ...cluster, storeDirectory, trustDirectory, invite },
    get: async (path) => (await fetch(`${cluster.url}${path}`)).json(),
    async joined(name, workerOverrides = {}) {
      const dataDirectory = workerOverrides.dataDirectory ?? (await temporaryDirectory());
      const { workerId } = await joinFleet(await invite({ name }), { dataDirectory, name });
      const worker = await startJoined(cluster.orchestrator.fleetAddress, {
        ...{ name, dataDirectory, ...workerOverrides },
      });
      await eventually(async () =>
        (await cluster.workers()).some(({ id, state }) => id === workerId && state === "ready"),
      );
      return { worker, id: workerId, dataDirectory };
    },
  };
}

/** A worker with what is in its data directory; not waited for. */
export async function startJoined(
  orchestrator: string,
  overrides: WorkerOverrides & { readonly name: string; readonly dataDirectory: string },
): Promise<RunningWorker> {
  const config = loadWorkerConfig(
    {
      ...{ orchestrator, models: [{ uri: "stub:stub-model", name: model }], engine: "stub", slots: 4 },
      ...{ drainMs: 5_000, ...overrides },
    },
    {},
  );
  const worker = await startWorker(config, { log: silentLog, probe: { probe: async () => testHardware } });
  untilTestEnds(() => worker.stop());
  return worker;
}
