import { execFile } from "node:child_process";
import { readdirSync, readFileSync } from "node:fs";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";
import { createBatchApi } from "../harness/batch-api.ts";
import {
  chat,
  eventually,
  model,
  readStream,
  startCluster,
  type TestCluster,
  temporaryDirectory,
  untilTestEnds,
} from "../harness/cluster.ts";
import { HandWorker } from "../harness/hand-worker.ts";
import { createMusterProcess, type MusterProcess } from "../harness/muster-process.ts";
import { tinyModel } from "../support/tiny-model.ts";

const main = fileURLToPath(new URL("../../packages/cli/dist/main.js", import.meta.url));
/** The memory of a machine must be free so soon after its owner is back. */
const freeWithinMs = 5_000;

/** An owner who is away, until a test says otherwise. */
async function startOwner() {
  const file = join(await temporaryDirectory(), "readings.json");
  const write = (idleMs: number) =>
    writeFile(
      file,
      JSON.stringify({ idleMs, isFullScreen: false, isOnAcPower: true, isGpuUsedByOthers: false }),
    );
  await write(3_600_000);
  return {
    file,
    overrides: { lend: "owner-away", presenceFile: file } as const,
    comesBack: () => write(0),
    leaves: () => write(3_600_000),
  };
}

async function workerNamed(cluster: TestCluster, name: string) {
  const worker = (await cluster.workers()).find((one) => one.name === name);
  if (worker === undefined) throw new Error(`no worker ${name}`);
  return worker;
}

async function untilFree(cluster: TestCluster, name: string): Promise<void> {
  await eventually(async () => {
    const { state, replicas } = await workerNamed(cluster, name);
    return state === "away" && replicas.every((replica) => replica.state === "unloaded");
  }, freeWithinMs);
}

/** A counter of the orchestrator's, by its name and labels. */
async function metric(cluster: TestCluster, name: string): Promise<number> {
  const text = await (await fetch(`${cluster.url}/metrics`)).text();
  const line = text.split("\n").find((each) => each.startsWith(`${name} `));
  return Number(line?.slice(name.length));
}

// Processes are started, on a machine that may have much to do.
describe("an owner who comes back", { timeout: 180_000 }, () => {
  it("in the midst of a batch: its lines are given back at once and answered elsewhere, each one time", async () => {
    const cluster = await startCluster({ objectStore: await temporaryDirectory() });
    const owner = await startOwner();
    const slow = { stubTokensPerSecond: 20, slots: 2 };
    await cluster.worker("desk", { ...slow, ...owner.overrides });
    const api = createBatchApi({ url: () => cluster.url });
    const names = Array.from({ length: 12 }, (_none, at) => `line-${at}`);
    const lines = names.map((name) =>
      JSON.stringify({
        ...{ custom_id: name, method: "POST", url: "/v1/chat/completions" },
        body: chat(name, { max_tokens: 40 }),
      }),
    );
    const batch = await api.create((await api.upload(lines.join("\n"))).id);
    await eventually(async () => (await workerNamed(cluster, "desk")).replicas[0]?.slots_used === 2);
    await owner.comesBack();
    await untilFree(cluster, "desk");
    await cluster.worker("server", { slots: 4 });
    const done = await api.untilState(batch.id, "completed", 50_000);
    expect(done.request_counts).toEqual({ total: 12, completed: 12, failed: 0 });
    const results = await api.results(done.output_file_id);
    expect(results.map((result) => result.custom_id)).toEqual(names);
    const desk = await workerNamed(cluster, "desk");
    expect(desk.given_back).toBe(2);
    expect(desk.availability).toMatchObject({ state: "owner_here", policy: "owner-away" });
    expect(await metric(cluster, 'muster_given_back_total{class="batch"}')).toBe(2);
    expect(await metric(cluster, 'muster_workers{state="away"}')).toBe(1);
    // Coming back and leaving again is no work lost either: the machine lends again.
    await owner.leaves();
    await eventually(async () => (await workerNamed(cluster, "desk")).state === "ready");
  });

  it("while a short answer is read: it is finished before the memory is freed", async () => {
    const cluster = await startCluster();
    const owner = await startOwner();
    await cluster.worker("desk", { stubTokensPerSecond: 10, ...owner.overrides });
    const asked = cluster.post("/v1/chat/completions", chat("tell me", { stream: true, max_tokens: 40 }));
    let back: Promise<void> | undefined;
    const answer = await readStream(await asked, () => {
      back ??= owner.comesBack();
    });
    await back;
    expect(answer).toMatchObject({ error: undefined, isDone: true });
    expect(answer.text.split(" ").filter(Boolean)).toHaveLength(40);
    await untilFree(cluster, "desk");
    expect((await workerNamed(cluster, "desk")).given_back).toBe(0);
  });

  it("while a long answer is read: it ends after the grace with an error that says why", async () => {
    const cluster = await startCluster();
    const owner = await startOwner();
    await cluster.worker("desk", { stubTokensPerSecond: 10, ...owner.overrides });
    const asked = cluster.post("/v1/chat/completions", chat("tell me", { stream: true, max_tokens: 1_000 }));
    let back: Promise<void> | undefined;
    const answer = await readStream(await asked, () => {
      back ??= owner.comesBack();
    });
    await back;
    expect(answer.error?.code).toBe("given_back");
    expect(answer.isDone).toBe(false);
    await untilFree(cluster, "desk");
    expect(await metric(cluster, 'muster_given_back_total{class="interactive"}')).toBe(1);
    expect(cluster.orchestrator.load()).toEqual({ openRequests: 0, runningAttempts: 0 });
  });

  it("before anything of an answer was read: another worker gives it, and the client notices nothing", async () => {
    const cluster = await startCluster();
    const owner = await startOwner();
    await cluster.worker("desk", { stubFirstTokenMs: 600_000, ...owner.overrides });
    const asked = cluster.post("/v1/chat/completions", chat("one two", { stream: true, max_tokens: 5 }));
    await eventually(() => cluster.orchestrator.load().runningAttempts === 1);
    await cluster.worker("server");
    await owner.comesBack();
    const answer = await readStream(await asked);
    expect(answer).toMatchObject({ error: undefined, isDone: true });
    expect((await workerNamed(cluster, "desk")).given_back).toBe(1);
  });

  it("finds the engine's process gone, and finds it again after leaving", async () => {
    const cluster = await startCluster();
    const owner = await startOwner();
    const worker = await startWorkerProcess(cluster, {
      args: [await tinyModel(), "--cpu", "--lend", "owner-away", "--data-dir", await temporaryDirectory()],
      env: { MUSTER_PRESENCE_FILE: owner.file },
    });
    const engines = () => childrenOf(worker.pid ?? 0).filter((command) => command.includes("child-main"));
    await untilReady(cluster);
    expect(engines()).toHaveLength(1);
    await owner.comesBack();
    await untilFree(cluster, "desk");
    expect(engines()).toEqual([]);
    await owner.leaves();
    await untilReady(cluster);
    const answer = await cluster.post("/v1/chat/completions", chat("again", { max_tokens: 4 }));
    expect(answer.status).toBe(200);
    await answer.text();
  });
});

describe("muster worker pause, resume, status and drain", { timeout: 180_000 }, () => {
  it("reach the worker on this machine; a pause outlives a restart", async () => {
    const cluster = await startCluster();
    const directory = await temporaryDirectory();
    const stub = ["stub:stub-model", "--engine", "stub", "--data-dir", directory, "--lend", "always"];
    const worker = await startWorkerProcess(cluster, {
      args: [...stub, "--label", "room=lab", "--placement"],
    });
    await untilReady(cluster);
    const muster = async (...command: string[]) => {
      const { code, out, err } = await run(["worker", ...command, "--data-dir", directory]);
      if (code !== 0) throw new Error(err);
      return out;
    };
    expect(JSON.parse(await muster("status", "--json"))).toMatchObject({
      name: "desk",
      pid: worker.pid,
      isConnected: true,
      availability: { state: "lending", policy: "always" },
      replicas: [{ model, state: "ready", isFixed: true }],
    });
    expect(await muster("pause", "--for", "2h")).toMatch(/state +not lending: paused/);
    await untilFree(cluster, "desk");
    expect((await workerNamed(cluster, "desk")).availability.state).toBe("paused");
    expect(await muster("drain")).toContain("draining");
    await eventually(async () => (await workerNamed(cluster, "desk")).state === "lost");
    await eventually(() => worker.accident() !== undefined);
    expect(worker.accident()).toContain("desk ended (0)");
    const none = await run(["worker", "status", "--data-dir", directory]);
    expect(none).toMatchObject({ code: 1, err: expect.stringContaining("No worker runs") });

    await worker.start();
    await eventually(async () => (await workerNamed(cluster, "desk")).state === "away");
    expect(await muster("resume")).toMatch(/state +lending/);
    await untilReady(cluster);
  });

  it("see and end a pause that an administrator has set; it outlives a restart", async () => {
    const cluster = await startCluster();
    const directory = await temporaryDirectory();
    const worker = await startWorkerProcess(cluster, {
      args: ["stub:stub-model", "--engine", "stub", "--data-dir", directory],
    });
    await untilReady(cluster);
    const { id } = await workerNamed(cluster, "desk");
    const path = `/cluster/v1/workers/${id}`;
    const muster = async (command: string) => (await run(["worker", command, "--data-dir", directory])).out;

    const paused = await cluster.post(`${path}/pause`, { seconds: 3_600 });
    expect(paused.status).toBe(202);
    expect(await paused.json()).toMatchObject({
      id,
      state: "away",
      availability: { state: "paused", reason: expect.stringMatching(/^Paused by an administrator until /) },
    });
    await untilFree(cluster, "desk");
    expect(await muster("status")).toContain("an administrator has it paused for");
    await worker.kill();
    await worker.start();
    await eventually(async () => (await workerNamed(cluster, "desk")).availability.state === "paused");

    expect(await muster("pause")).toContain("Its owner has paused it");
    expect((await cluster.post(`${path}/resume`, {})).status).toBe(202);
    await eventually(
      async () =>
        (await workerNamed(cluster, "desk")).availability.reason ===
        "Its owner has paused it, until muster worker resume.",
    );
    expect((await fetch(`${cluster.url}${path}/pause`, { method: "POST" })).status).toBe(202);
    await eventually(async () =>
      (await workerNamed(cluster, "desk")).availability.reason.includes("administrator"),
    );
    const ended = await muster("resume");
    expect(ended).toMatch(/state +lending/);
    expect(ended).toContain("an administrator had paused it too: that is over as well");
    await untilReady(cluster);
  });

  it("are not there in a worker that knows of no pause from afar: the administrator is told", async () => {
    const cluster = await startCluster();
    const old = new HandWorker(cluster.orchestrator.fleetAddress, "old-desk");
    await old.join("m");
    const beating = setInterval(() => old.say({ heartbeat: { sequence: 1 } }), 100);
    untilTestEnds(() => clearInterval(beating));
    const refused = await cluster.post("/cluster/v1/workers/old-desk/pause", { seconds: 60 });
    expect(refused.status).toBe(400);
    expect(await refused.text()).toContain("may not know how");
    expect(await old.hear("lend")).toMatchObject({ isPaused: true, seconds: 60 });
    await old.leave();
    expect((await cluster.post("/cluster/v1/workers/old-desk/pause", {})).status).toBe(503);
  });

  it("say what is wrong with a time that is none", async () => {
    const wrong = await run(["worker", "pause", "--for", "later"]);
    expect(wrong).toMatchObject({ code: 2, err: expect.stringContaining("30m") });
  });
});

/** A worker called `desk` as a process of its own, connected. */
async function startWorkerProcess(
  cluster: TestCluster,
  how: { readonly args: readonly string[]; readonly env?: Record<string, string> },
): Promise<MusterProcess> {
  const worker = createMusterProcess({
    name: "desk",
    args: [
      ...["worker", ...how.args, "--name", "desk", "--model-name", model],
      ...["--join", cluster.orchestrator.fleetAddress],
    ],
    env: how.env ?? {},
    ready: /Connected to/,
  });
  untilTestEnds(() => worker.kill());
  await worker.start();
  return worker;
}

async function untilReady(cluster: TestCluster): Promise<void> {
  await eventually(async () => (await workerNamed(cluster, "desk")).state === "ready", 60_000);
}

/** Runs `muster` to its end. */
function run(args: readonly string[]) {
  const options = {
    env: { ...process.env, MUSTER_LOG: "error" },
    timeout: 55_000,
    killSignal: "SIGKILL",
  } as const;
  return new Promise<{ readonly code: number; readonly out: string; readonly err: string }>((resolve) => {
    const child = execFile(process.execPath, [main, ...args], options, (_error, out, err) =>
      resolve({ code: child.exitCode ?? -1, out, err }),
    );
  });
}

/** The command lines of the processes that `pid` has started. */
function childrenOf(pid: number): string[] {
  return readdirSync("/proc")
    .filter((name) => /^\d+$/.test(name))
    .flatMap((name) => {
      try {
        const parent = / \w (\d+) /.exec(readFileSync(`/proc/${name}/stat`, "latin1"))?.[1];
        return Number(parent) === pid ? readFileSync(`/proc/${name}/cmdline`, "latin1") : [];
      } catch {
        return [];
      }
    });
}
