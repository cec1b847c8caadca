import { type ChildProcess, spawn } from "node:child_process";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { type Hardware, type Log, silentLog } from "@muster/base";
import {
  loadOrchestratorConfig,
  type OrchestratorOverrides,
  type RunningOrchestrator,
  startOrchestrator,
} from "@muster/orchestrator";
import { loadWorkerConfig, type RunningWorker, startWorker, type WorkerOverrides } from "@muster/worker";
import { afterAll, onTestFinished } from "vitest";
import { testRedis } from "../support/redis.ts";

/** A cluster on loopback: real Redis, real gRPC, real HTTP, the stub engine. Everything is stopped with the test. */
export interface TestCluster {
  readonly orchestrator: RunningOrchestrator;
  readonly url: string;
  /** Starts a worker in this process and waits until its replicas serve. */
  worker(name: string, overrides?: WorkerOverrides): Promise<RunningWorker>;
  /** Starts a worker as a process of its own, which can be killed, and waits until it serves. */
  workerProcess(name: string, options?: WorkerProcessOptions): Promise<ChildProcess>;
  /** POSTs JSON. */
  post(path: string, body: unknown, init?: RequestInit): Promise<Response>;
  workers(): Promise<WorkerJson[]>;
}

export interface WorkerProcessOptions {
  /** A model file for the real engine; undefined: the stub engine. */
  readonly modelPath?: string;
  /** It names no model: the orchestrator decides what it loads, into the real engine. Waits until it has joined. */
  readonly isManaged?: boolean;
  readonly args?: readonly string[];
  readonly env?: Record<string, string>;
}

export interface WorkerJson {
  readonly id: string;
  readonly name: string;
  readonly state: string;
  readonly availability: { readonly state: string; readonly reason: string; readonly policy: string };
  readonly given_back: number;
  readonly replicas: readonly {
    readonly id: string;
    readonly model: string;
    readonly state: string;
    readonly slots: number;
    readonly slots_used: number;
    readonly error: string | null;
    readonly held_back: string | null;
  }[];
}

export const model = "stub-model";

/** Asking the machine takes seconds, and what it says is tested with the probe. */
export const testHardware: Hardware = {
  hostname: "test",
  platform: "linux",
  arch: "x64",
  cpuModel: "Test CPU",
  physicalCores: 2,
  logicalCores: 4,
  ramBytes: 8 * 2 ** 30,
  freeRamBytes: 4 * 2 ** 30,
  backend: "cpu",
  gpus: [],
};
const main = fileURLToPath(new URL("../../packages/cli/dist/main.js", import.meta.url));
let clusters = 0;

/** Says what is to be done when something is over. */
export type AtEnd = (undo: () => Promise<unknown> | unknown) => unknown;

export const untilTestEnds: AtEnd = (undo) =>
  onTestFinished(async () => {
    await undo();
  });

/** For what the tests of a file or suite share: called where they are declared. The last to come is the first to go. */
export function untilSuiteEnds(): AtEnd {
  const undos: Parameters<AtEnd>[0][] = [];
  afterAll(async () => {
    for (const undo of undos.reverse()) await undo();
  });
  return (undo) => undos.push(undo);
}

/** A directory that is gone with the test. */
export async function temporaryDirectory(atEnd: AtEnd = untilTestEnds): Promise<string> {
  const directory = await mkdtemp(join(tmpdir(), "muster-test-"));
  atEnd(() => rm(directory, { recursive: true, force: true, maxRetries: 5 }));
  return directory;
}

export async function startCluster(
  overrides: OrchestratorOverrides = {},
  atEnd: AtEnd = untilTestEnds,
  deps: { readonly log?: Log } & Pick<Parameters<typeof startOrchestrator>[1], "ownCertificates"> = {},
): Promise<TestCluster> {
  const log = deps.log ?? silentLog;
  const directory = await temporaryDirectory(atEnd);
  const redisUrl = overrides.redisUrl ?? (await testRedis()).url;
  const config = loadOrchestratorConfig(
    {
      host: "127.0.0.1",
      port: 0,
      fleetPort: 0,
      dataDirectory: directory,
      redisPrefix: `test-${process.pid}-${++clusters}`,
      apiKeys: [],
      drainMs: 10_000,
      heartbeatIntervalMs: 200,
      ...overrides,
      redisUrl,
    },
    {},
  );
  const orchestrator = await startOrchestrator(config, { ...deps, log });
  atEnd(() => orchestrator.stop());
  const { url } = orchestrator;
  const [firstKey] = config.apiKeys;
  const auth = firstKey === undefined ? {} : { authorization: `Bearer ${secretOf(firstKey)}` };

  const workers = async () => {
    const answer = await fetch(`${url}/cluster/v1/workers`, { headers: auth });
    return ((await answer.json()) as { data: WorkerJson[] }).data;
  };
  return {
    orchestrator,
    url,
    workers,
    async worker(name, workerOverrides = {}) {
      const worker = await startWorker(
        loadWorkerConfig(
          {
            orchestrator: orchestrator.fleetAddress,
            name,
            dataDirectory: directory,
            models: [{ uri: "stub:stub-model", name: model }],
            engine: "stub",
            slots: 4,
            drainMs: 5_000,
            ...workerOverrides,
          },
          {},
        ),
        { log, probe: { probe: async () => testHardware } },
      );
      atEnd(() => worker.stop());
      // Of several models the first makes it ready: the others may still be on their way.
      const isComing = ({ state }: { readonly state: string }) => state === "fetching" || state === "loading";
      await eventually(async () =>
        (await workers()).some(
          (one) => one.name === name && one.state === "ready" && !one.replicas.some(isComing),
        ),
      );
      return worker;
    },
    async workerProcess(name, { modelPath, isManaged = false, args = [], env = {} } = {}) {
      const named = modelPath === undefined ? ["stub:stub-model", "--engine", "stub"] : [modelPath, "--cpu"];
      const child = spawn(
        process.execPath,
        [
          main,
          "worker",
          ...(isManaged ? ["--cpu"] : [...named, "--model-name", model]),
          ...["--join", orchestrator.fleetAddress],
          ...["--name", name, "--data-dir", directory, "--log-level", "error", ...args],
        ],
        { env: { ...process.env, ...env }, stdio: ["ignore", "ignore", "inherit"] },
      );
      atEnd(() => endProcess(child));
      const wanted = isManaged ? ["joining", "ready"] : ["ready"];
      // A real model is read and loaded: on a busy machine that takes a while.
      await eventually(
        async () => (await workers()).some((one) => one.name === name && wanted.includes(one.state)),
        120_000,
      );
      return child;
    },
    post: (path, body, init = {}) =>
      fetch(`${url}${path}`, {
        method: "POST",
        body: typeof body === "string" ? body : JSON.stringify(body),
        ...init,
        headers: { "content-type": "application/json", ...auth, ...(init.headers as Record<string, string>) },
      }),
  };
}

/** What a client shows of a key that may have its tenant's name before it. */
function secretOf(key: string): string {
  return key.replace(/^[a-z0-9][a-z0-9-]{0,31}:/, "");
}

/** Kills a child and waits until it is gone. */
export async function endProcess(child: ChildProcess, signal: NodeJS.Signals = "SIGKILL"): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const gone = new Promise<void>((resolve) => child.once("exit", () => resolve()));
  child.kill(signal);
  await gone;
}

/** Asks again until the answer is yes; throws after `withinMs`. For states that are only visible from outside. */
export async function eventually(
  ask: () => Promise<boolean> | boolean,
  withinMs = 20_000,
  everyMs = 20,
): Promise<void> {
  const untilMs = performance.now() + withinMs;
  for (;;) {
    if (await ask()) return;
    if (performance.now() > untilMs)
      throw new Error(`did not happen within ${withinMs} ms: ${ask.toString()}`);
    await new Promise((resolve) => setTimeout(resolve, everyMs));
  }
}

export interface StreamedAnswer {
  readonly status: number;
  readonly events: readonly unknown[];
  readonly text: string;
  readonly error: { readonly code: string; readonly message: string } | undefined;
  readonly isDone: boolean;
}

/** Reads a whole event stream; `onText` is called with each piece. */
export async function readStream(
  response: Response,
  onText?: (text: string) => void,
): Promise<StreamedAnswer> {
  const events: unknown[] = [];
  let text = "";
  let error: StreamedAnswer["error"];
  let isDone = false;
  let rest = "";
  const decoder = new TextDecoder();
  for await (const chunk of response.body ?? []) {
    rest += decoder.decode(chunk as Uint8Array, { stream: true });
    const blocks = rest.split("\n\n");
    rest = blocks.pop() ?? "";
    for (const block of blocks) {
      if (!block.startsWith("data: ")) continue;
      const data = block.slice("data: ".length);
      if (data === "[DONE]") {
        isDone = true;
        continue;
      }
      const event = JSON.parse(data) as {
        error?: StreamedAnswer["error"];
        choices?: { delta?: { content?: string | null } }[];
      };
      events.push(event);
      error = event.error ?? error;
      const piece = event.choices?.[0]?.delta?.content;
      if (piece) {
        text += piece;
        onText?.(piece);
      }
    }
  }
  return { status: response.status, events, text, error, isDone };
}

export function chat(content: string, more: Record<string, unknown> = {}) {
  return { model, messages: [{ role: "user", content }], ...more };
}
