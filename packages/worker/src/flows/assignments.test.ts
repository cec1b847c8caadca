import { ManualClock, silentLog } from "@muster/base";
import type { ModelStore } from "@muster/models";
import { describe, expect, it, test } from "vitest";
import { createStubEngine } from "../adapters/stub/engine.ts";
import type { EndOfAttempt, WorkerSays } from "../core/link-messages.ts";
import { EndOutbox } from "./end-outbox.ts";
import { assignment, noStore, ScriptedSession, startAssignments, startReplica } from "./flows.fixture.ts";

const isEnd = (said: WorkerSays) => said.kind === "end";
const isOutput = (said: WorkerSays) => said.kind === "output";

describe("an assignment", () => {
  it("sends numbered pieces and one end, and says the end again until it is acknowledged", async () => {
    const { replicas } = await startReplica();
    const assignments = startAssignments(replicas);
    const session = new ScriptedSession();
    assignments.attach(session);
    assignments.assign(assignment("a", "one two"));
    const end = await session.until(isEnd);
    expect(end).toMatchObject({ attemptId: "a", epoch: 1, result: { kind: "finished", reason: "length" } });
    const pieces = session.said.filter((said) => said.kind === "output");
    expect(pieces.map((piece) => piece.sequence)).toEqual(pieces.map((_piece, i) => i));
    expect(pieces.reduce((sum, piece) => sum + piece.delta.tokens, 0)).toBe(4);

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
    assignments.assign(assignment("a", "!hang"));
    assignments.assign(assignment("b", "!hang"));
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
    assignments.assign(assignment("a", "x", { replicaId: "other" }));
    expect(await session.until(isEnd)).toMatchObject({ result: { kind: "failed", code: "not_ready" } });
    await assignments.drain(1_000);
    assignments.assign(assignment("b", "x"));
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
      assignments.assign(assignment(attemptId, "!hang"));
    }
    assignments.assign(assignment("c", "go"));
    expect(session.said.filter(isOutput)).toEqual([]);
    assignments.cancel({ attemptId: "a", epoch: 1 });
    const isEndOfC = (said: WorkerSays): said is WorkerSays => said.kind === "end" && said.attemptId === "c";
    expect(await session.until(isEndOfC)).toMatchObject({ result: { kind: "finished" } });
    assignments.detach();
    await replicas.closeAll();
  });
});

describe("an assignment that is wanted whole", () => {
  const whole = { isWhole: true } as const;
  const isEndOf =
    (attemptId: string) =>
    (said: WorkerSays): said is EndOfAttempt =>
      said.kind === "end" && said.attemptId === attemptId;

  async function start() {
    const { replicas, clock } = await startReplica();
    const assignments = startAssignments(replicas, clock);
    const session = new ScriptedSession();
    assignments.attach(session);
    return { replicas, clock, assignments, session };
  }

  it("says nothing but its end, which has the answer in it", async () => {
    const { replicas, assignments, session } = await start();
    assignments.assign(assignment("a", "one two", { ...whole, maxTokens: 40 }));
    const end = await session.until(isEndOf("a"));
    expect(session.said).toEqual([end]);
    expect(end.pieces).toEqual([{ kind: "text", text: Array(20).fill("one two").join(" "), tokens: 40 }]);
    assignments.assign(assignment("b", "!break", whole));
    expect(await session.until(isEndOf("b"))).toMatchObject({
      result: { kind: "failed", code: "engine_failed" },
      pieces: [],
    });
    await replicas.closeAll();
  });

  it("goes on without a link, and its end is for the next one", async () => {
    const { replicas, clock, assignments } = await start();
    assignments.assign(assignment("a", "!wait:1000 on", whole));
    assignments.assign(assignment("b", "!hang", {}));
    assignments.detach();
    const next = new ScriptedSession();
    assignments.attach(next);
    expect(await next.until(isEndOf("b"))).toMatchObject({ result: { kind: "cancelled" } });
    expect(assignments.running()).toEqual([{ attemptId: "a", epoch: 1, replicaId: "rep-1" }]);
    clock.advance(1_000);
    expect(await next.until(isEndOf("a"))).toMatchObject({ result: { kind: "finished" } });
    await replicas.closeAll();
  });

  it("is given up after a minute without a link, and not before", async () => {
    const { replicas, clock, assignments } = await start();
    assignments.assign(assignment("a", "!hang", whole));
    assignments.detach();
    clock.advance(59_999);
    const second = new ScriptedSession();
    assignments.attach(second);
    clock.advance(60_000);
    expect(assignments.running()).toHaveLength(1);
    assignments.detach();
    clock.advance(60_000);
    const third = new ScriptedSession();
    assignments.attach(third);
    expect(await third.until(isEndOf("a"))).toMatchObject({ result: { kind: "cancelled" } });
    await replicas.closeAll();
  });
});

test("a worker that leaves does not wait for an answer whose engine hangs", async () => {
  const clock = new ManualClock();
  const stub = createStubEngine({ clock });
  const { replicas } = await startReplica(clock, noStore, {
    name: "hung",
    async load(spec, options) {
      const replica = await stub.load(spec, options);
      return {
        info: replica.info,
        exited: replica.exited,
        async *infer() {
          await new Promise<never>(() => {});
        },
        close: () => replica.close(),
      };
    },
  });
  const assignments = startAssignments(replicas, clock);
  assignments.assign(assignment("a", "go"));
  await Promise.resolve();
  let isOver = false;
  const drained = assignments.drain(10_000).then(() => {
    isOver = true;
  });
  clock.advance(10_000);
  await new Promise((resolve) => setImmediate(resolve));
  expect(isOver).toBe(false);
  clock.advance(5_000);
  await drained;
  await replicas.closeAll();
});

describe("ends that nobody acknowledges", () => {
  const end = (attemptId: string): EndOfAttempt => ({
    kind: "end",
    attemptId,
    epoch: 1,
    ticket: "",
    result: { kind: "cancelled" },
    pieces: undefined,
  });
  const names = (outbox: EndOutbox) => outbox.ends().map(({ attemptId }) => attemptId);

  it("are kept up to a number and a weight, the newest first of all", () => {
    const outbox = new EndOutbox(silentLog);
    for (let i = 0; i < 1_001; i++) outbox.add(end(`n${i}`), 0);
    expect(names(outbox).slice(0, 2)).toEqual(["n1", "n2"]);
    const mebibytes = 1024 * 1024;
    outbox.add(end("heavy"), 40 * mebibytes);
    outbox.add(end("heavier"), 30 * mebibytes);
    expect(names(outbox)).toEqual(["heavier"]);
    outbox.remove(end("heavier"));
    outbox.add(end("again"), 60 * mebibytes);
    outbox.add(end("again"), 60 * mebibytes);
    expect(names(outbox)).toEqual(["again"]);
  });
});

describe("a replica", () => {
  it("says what its answers come from: the file that the store vouches for, and the engine", async () => {
    const sha256 = "ab".repeat(32);
    const store: ModelStore = { ensure: async (path) => ({ path, bytes: 1, sha256 }) };
    const { replicas, reports } = await startReplica(undefined, store);
    expect(reports.at(-1)).toMatchObject({ state: "ready", modelSha256: sha256, engineVersion: "stub 1" });
    await replicas.closeAll();
  });

  it("is loaded again after its engine has crashed, later each time, and says so", async () => {
    const { replicas, reports, clock, until } = await startReplica();
    const assignments = startAssignments(replicas);
    const session = new ScriptedSession();
    assignments.attach(session);
    const crashed = until("crashed");
    assignments.assign(assignment("a", "!crash"));
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
