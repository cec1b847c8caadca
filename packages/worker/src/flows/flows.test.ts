import { Background, deferred, type GenerateRequest, ManualClock, silentLog } from "@muster/base";
import { describe, expect, it } from "vitest";
import { createStubEngine } from "../adapters/stub/engine.ts";
import type { OrchestratorSays, ReplicaReport, WorkerSays } from "../core/link-messages.ts";
import type { Engine } from "../ports/engine.ts";
import type { ModelStore } from "../ports/model-store.ts";
import type { DialResult, LinkEnd, LinkSession, OrchestratorLink } from "../ports/orchestrator-link.ts";
import { Assignments } from "./assignments.ts";
import { LinkKeeper } from "./keep-link.ts";
import { ReplicaSet } from "./replica-set.ts";

const log = silentLog;
const noStore: ModelStore = { ensure: async (uri) => ({ path: uri, bytes: 0, sha256: undefined }) };

function generation(text: string, maxTokens = 4): GenerateRequest {
  return {
    prompt: { kind: "text", text },
    sampling: {
      temperature: 0,
      topK: 64,
      topP: 1,
      minP: 0,
      seed: 1,
      frequencyPenalty: 0,
      presencePenalty: 0,
    },
    maxTokens,
    stop: [],
  };
}

/** An orchestrator's end of a link, in memory. */
class ScriptedSession implements LinkSession {
  readonly welcome = { orchestratorId: "orc", version: "0", protocol: 1, heartbeatIntervalMs: 1_000 };
  readonly said: WorkerSays[] = [];
  readonly #end = deferred<LinkEnd>();
  #waiting: { readonly wanted: (said: WorkerSays) => boolean; readonly found: (said: WorkerSays) => void }[] =
    [];
  readonly ended = this.#end.promise;

  send(message: WorkerSays): boolean {
    this.said.push(message);
    this.#waiting = this.#waiting.filter(({ wanted, found }) => {
      if (!wanted(message)) return true;
      found(message);
      return false;
    });
    return true;
  }

  until<T extends WorkerSays>(wanted: (said: WorkerSays) => said is T): Promise<T> {
    const already = this.said.find(wanted);
    if (already !== undefined) return Promise.resolve(already);
    return new Promise((resolve) => {
      this.#waiting.push({ wanted, found: (said) => resolve(said as T) });
    });
  }

  writable(): Promise<void> {
    return Promise.resolve();
  }

  close(): void {
    this.#end.resolve({ kind: "lost", reason: "closed" });
  }

  abandon(): void {
    this.#end.resolve({ kind: "lost", reason: "abandoned" });
  }

  lose(end: LinkEnd = { kind: "lost", reason: "network" }): void {
    this.#end.resolve(end);
  }
}

const isEnd = (said: WorkerSays) => said.kind === "end";
const isOutput = (said: WorkerSays) => said.kind === "output";

async function startReplica(engine: Engine = createStubEngine(), clock = new ManualClock()) {
  const reports: ReplicaReport[] = [];
  const waiting: { readonly state: string; readonly wake: () => void }[] = [];
  const replicas = new ReplicaSet({
    engine,
    store: noStore,
    clock,
    log,
    random: () => 0.5,
    report: (report) => {
      reports.push(report);
      for (const { state, wake } of waiting) if (state === report.state) wake();
    },
    specOf: (order) => {
      throw new Error(`no order expected: ${order.replicaId}`);
    },
  });
  const until = (state: ReplicaReport["state"]) => new Promise<void>((wake) => waiting.push({ state, wake }));
  const ready = until("ready");
  replicas.add({
    replicaId: "rep-1",
    model: "m",
    modelUri: "stub:m",
    slots: 2,
    contextTokens: 256,
    threads: 1,
    gpu: "off",
  });
  await ready;
  return { replicas, reports, clock, until };
}

function startAssignments(replicas: ReplicaSet) {
  return new Assignments({ replicas, background: new Background(log), log });
}

describe("an assignment", () => {
  it("sends numbered pieces and one end, and says the end again until it is acknowledged", async () => {
    const { replicas } = await startReplica();
    const assignments = startAssignments(replicas);
    const session = new ScriptedSession();
    assignments.attach(session);
    assignments.assign({ attemptId: "a", epoch: 1, replicaId: "rep-1", request: generation("one two") });
    const end = await session.until(isEnd);
    expect(end).toMatchObject({ attemptId: "a", epoch: 1, result: { kind: "finished", reason: "length" } });
    const pieces = session.said.filter((said) => said.kind === "output");
    expect(pieces.map((piece) => piece.sequence)).toEqual(pieces.map((_piece, i) => i));
    expect(pieces.reduce((sum, piece) => sum + piece.tokens, 0)).toBe(4);

    const second = new ScriptedSession();
    assignments.detach();
    assignments.attach(second);
    expect(second.said).toEqual([end]);
    assignments.acknowledged({ attemptId: "a", epoch: 1 });
    const third = new ScriptedSession();
    assignments.attach(third);
    expect(third.said).toEqual([]);
    await replicas.closeAll();
  });

  it("is cancelled by name, and by the loss of the link", async () => {
    const { replicas } = await startReplica();
    const assignments = startAssignments(replicas);
    const session = new ScriptedSession();
    assignments.attach(session);
    assignments.assign({ attemptId: "a", epoch: 1, replicaId: "rep-1", request: generation("!hang") });
    assignments.assign({ attemptId: "b", epoch: 1, replicaId: "rep-1", request: generation("!hang") });
    expect(assignments.running()).toHaveLength(2);
    assignments.cancel({ attemptId: "a", epoch: 1 });
    expect(await session.until(isEnd)).toMatchObject({ attemptId: "a", result: { kind: "cancelled" } });
    assignments.detach();
    const next = new ScriptedSession();
    assignments.attach(next);
    const isEndOfB = (said: WorkerSays) => said.kind === "end" && said.attemptId === "b";
    expect(await next.until((said): said is WorkerSays => isEndOfB(said))).toMatchObject({
      result: { kind: "cancelled" },
    });
    await replicas.closeAll();
  });

  it("for a replica that is not there, or while the worker leaves, fails so that another worker can have it", async () => {
    const { replicas } = await startReplica();
    const assignments = startAssignments(replicas);
    const session = new ScriptedSession();
    assignments.attach(session);
    assignments.assign({ attemptId: "a", epoch: 1, replicaId: "other", request: generation("x") });
    expect(await session.until(isEnd)).toMatchObject({ result: { kind: "failed", code: "not_ready" } });
    await assignments.drain(1_000);
    assignments.assign({ attemptId: "b", epoch: 1, replicaId: "rep-1", request: generation("x") });
    expect(session.said.at(-1)).toMatchObject({
      attemptId: "b",
      result: { kind: "failed", code: "shutting_down" },
    });
    await replicas.closeAll();
  });

  it("that is the third on two slots waits for one", async () => {
    const { replicas } = await startReplica();
    const assignments = startAssignments(replicas);
    const session = new ScriptedSession();
    assignments.attach(session);
    for (const attemptId of ["a", "b"]) {
      assignments.assign({ attemptId, epoch: 1, replicaId: "rep-1", request: generation("!hang") });
    }
    assignments.assign({ attemptId: "c", epoch: 1, replicaId: "rep-1", request: generation("go") });
    expect(session.said.filter(isOutput)).toEqual([]);
    assignments.cancel({ attemptId: "a", epoch: 1 });
    const isEndOfC = (said: WorkerSays): said is WorkerSays => said.kind === "end" && said.attemptId === "c";
    expect(await session.until(isEndOfC)).toMatchObject({ result: { kind: "finished" } });
    assignments.detach();
    await replicas.closeAll();
  });
});

describe("a replica", () => {
  it("is loaded again after its engine has crashed, later each time, and says so", async () => {
    const { replicas, reports, clock, until } = await startReplica();
    const assignments = startAssignments(replicas);
    const session = new ScriptedSession();
    assignments.attach(session);
    const crashed = until("crashed");
    assignments.assign({ attemptId: "a", epoch: 1, replicaId: "rep-1", request: generation("!crash") });
    expect(await session.until(isEnd)).toMatchObject({ result: { kind: "failed", code: "engine_crashed" } });
    await crashed;
    expect(reports.at(-1)).toMatchObject({ state: "crashed", failure: { code: "engine_crashed" } });
    const ready = until("ready");
    await Promise.resolve();
    clock.advance(500);
    await ready;
    await replicas.closeAll();
    expect(reports.at(-1)?.state).toBe("unloaded");
  });
});

describe("the link", () => {
  function startLink(dials: (DialResult | (() => DialResult))[]) {
    const clock = new ManualClock();
    const dialled: number[] = [];
    let receive: (message: OrchestratorSays) => void = () => {};
    let onDial = deferred<void>();
    const link: OrchestratorLink = {
      async dial(_hello, receiver) {
        receive = receiver;
        dialled.push(clock.nowMs());
        const next = dials.shift();
        onDial.resolve();
        onDial = deferred<void>();
        if (next === undefined) return { kind: "lost", reason: "no orchestrator" };
        return typeof next === "function" ? next() : next;
      },
    };
    const replicas = new ReplicaSet({
      engine: createStubEngine(),
      store: noStore,
      clock,
      log,
      random: () => 0.5,
      report() {},
      specOf: () => {
        throw new Error("unused");
      },
    });
    const keeper = new LinkKeeper({
      link,
      hello: () => ({
        workerId: "w",
        name: "w",
        version: "0",
        labels: {},
        hardware: {
          hostname: "h",
          platform: "p",
          arch: "a",
          cpuModel: "c",
          physicalCores: 1,
          logicalCores: 1,
          ramBytes: 1,
          freeRamBytes: 1,
          backend: "cpu",
          gpus: [],
        },
      }),
      assignments: startAssignments(replicas),
      receive() {},
      readLoad: () => ({ freeRamBytes: 1, cpuLoad: 0 }),
      greeting: () => [{ kind: "draining", reason: "greeting" }],
      clock,
      log,
      random: () => 0.5,
      onConnected() {},
    });
    return {
      keeper,
      clock,
      dialled,
      nextDial: () => onDial.promise,
      hear: (m: OrchestratorSays) => receive(m),
    };
  }

  const settled = () => new Promise((resolve) => setImmediate(resolve));

  it("greets, beats at the interval it was given, and dials again with a growing delay", async () => {
    const session = new ScriptedSession();
    const { keeper, clock, dialled, hear } = startLink([{ kind: "accepted", session }]);
    const running = keeper.run();
    await settled();
    expect(session.said.map((said) => said.kind)).toEqual(["draining", "heartbeat"]);
    clock.advance(1_000);
    hear({ kind: "heartbeat-ack", sequence: 1 });
    clock.advance(1_000);
    expect(session.said.filter((said) => said.kind === "heartbeat")).toHaveLength(3);
    session.lose();
    for (let i = 0; i < 4; i++) {
      await settled();
      clock.advance(60_000);
    }
    await settled();
    expect(dialled.length).toBeGreaterThanOrEqual(4);
    await keeper.close("done");
    await running;
  });

  it("is given up after three beats of silence", async () => {
    const session = new ScriptedSession();
    const { keeper, clock } = startLink([{ kind: "accepted", session }]);
    const running = keeper.run();
    await settled();
    for (let i = 0; i < 5; i++) clock.advance(1_000);
    await expect(session.ended).resolves.toMatchObject({ reason: "abandoned" });
    await keeper.close("done");
    await running;
  });

  it("ends with the orchestrator's reason when this worker is refused for good", async () => {
    const { keeper } = startLink([
      { kind: "refused", code: "unauthenticated", message: "The join token is wrong.", isRetryable: false },
    ]);
    await expect(keeper.run()).rejects.toMatchObject({
      code: "unauthenticated",
      message: "The join token is wrong.",
    });
  });

  it("says goodbye when the worker leaves", async () => {
    const session = new ScriptedSession();
    const { keeper } = startLink([{ kind: "accepted", session }]);
    const running = keeper.run();
    await settled();
    await keeper.close("stopped");
    await running;
    expect(session.said.at(-1)).toEqual({ kind: "goodbye", reason: "stopped" });
  });
});
