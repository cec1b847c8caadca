import { describe, expect, it } from "vitest";
import type { WorkerSays } from "../core/link-messages.ts";
import { generation, ScriptedSession, startAssignments, startReplica } from "./flows.fixture.ts";

const isEnd = (said: WorkerSays) => said.kind === "end";
const isOutput = (said: WorkerSays) => said.kind === "output";

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
