import type { InferenceDelta } from "@muster/base";
import { describe, expect, it } from "vitest";
import type { StrayEnd, WholeOutcome } from "./attempt-table.ts";
import { type Flows, finishedReport, request, ScriptedWorker, startFlows } from "./flows.fixture.ts";

const pieces: InferenceDelta[] = [{ kind: "text", text: "all of it", tokens: 3 }];
const attemptOf = (requestId: string, epoch = 1) => ({ attemptId: requestId, epoch });
const running = (requestId: string, replicaId = "rep-1") => [{ ...attemptOf(requestId), replicaId }];
const slotsUsed = (flows: Flows) => flows.fleet.worker("w1")?.replicas[0]?.slotsUsed;
const acknowledged = (worker: ScriptedWorker) =>
  worker.commands.flatMap((command) => (command.kind === "ack-end" ? [command.attemptId] : []));

/** A line under way on the only worker. */
async function start(options: { readonly onPreempt?: () => void } = {}) {
  const flows = startFlows();
  const strays: StrayEnd[] = [];
  flows.attempts.onStray((end) => strays.push(end));
  const worker = new ScriptedWorker(flows, "w1");
  const stop = new AbortController();
  const lease = await flows.fleet.acquire("m", {
    laneClass: "batch",
    avoid: new Set(),
    needs: new Set(),
    signal: stop.signal,
    onPreempt: options.onPreempt,
  });
  const outcome = flows.attempts.run({ requestId: "line", epoch: 1, request }, lease, {
    delivery: "whole",
    signal: stop.signal,
  });
  return { flows, strays, worker, stop, outcome };
}

async function finished(outcome: Promise<WholeOutcome>) {
  const ended = await outcome;
  if (ended.kind !== "finished") throw new Error(`it ${ended.kind}`);
  return ended;
}

describe("an answer that is wanted whole", () => {
  it("comes with its end, which is acknowledged when its owner says so", async () => {
    const { flows, worker, outcome } = await start();
    expect(worker.assigned[0]).toMatchObject({ isWhole: true });
    worker.end(attemptOf("line"), finishedReport, pieces);
    const ended = await finished(outcome);
    expect(ended.deltas).toEqual(pieces);
    expect(slotsUsed(flows)).toBe(0);
    expect(acknowledged(worker)).toEqual([]);
    ended.acknowledge();
    expect(acknowledged(worker)).toEqual(["line"]);
  });

  it("is acknowledged on the link that the worker has by then", async () => {
    const { flows, worker, outcome } = await start();
    worker.end(attemptOf("line"), finishedReport, pieces);
    const ended = await finished(outcome);
    worker.die();
    const again = new ScriptedWorker(flows, "w1");
    ended.acknowledge();
    expect(acknowledged(worker)).toEqual([]);
    expect(acknowledged(again)).toEqual(["line"]);
  });

  it("is put together here where the worker sends it in pieces", async () => {
    const { worker, outcome } = await start();
    worker.say(attemptOf("line"), 0, "all ");
    worker.say(attemptOf("line"), 1, "of it");
    worker.end(attemptOf("line"), finishedReport);
    const ended = await finished(outcome);
    expect(ended.deltas).toEqual([{ kind: "text", text: "all of it", tokens: 2 }]);
    ended.acknowledge();
    expect(acknowledged(worker)).toEqual(["line"]);
  });

  it("fails, and is stopped, where pieces of it add up to too much", async () => {
    const { flows, worker, outcome } = await start();
    const text = "x".repeat(6_000_000);
    worker.say(attemptOf("line"), 0, text);
    expect(await outcome).toMatchObject({ kind: "failed", code: "engine_failed" });
    expect(worker.commands.at(-1)).toMatchObject({ kind: "cancel", attemptId: "line" });
    expect(slotsUsed(flows)).toBe(1);
    worker.end(attemptOf("line"), { kind: "cancelled" }, []);
    expect(slotsUsed(flows)).toBe(0);
    expect(acknowledged(worker)).toEqual(["line"]);
  });

  it("can fail: its owner acknowledges that too; a cancelled one is acknowledged at once", async () => {
    const failing = await start();
    failing.worker.end(attemptOf("line"), { kind: "failed", code: "engine_failed", message: "no" }, []);
    const ended = await failing.outcome;
    if (ended.kind !== "failed") throw new Error(`it ${ended.kind}`);
    expect(acknowledged(failing.worker)).toEqual([]);
    ended.acknowledge();
    expect(acknowledged(failing.worker)).toEqual(["line"]);

    const cancelled = await start();
    cancelled.stop.abort();
    expect(cancelled.worker.commands.at(-1)).toMatchObject({ kind: "cancel", attemptId: "line" });
    cancelled.worker.end(attemptOf("line"), { kind: "cancelled" }, []);
    expect(await cancelled.outcome).toEqual({ kind: "cancelled" });
    expect(acknowledged(cancelled.worker)).toEqual(["line"]);
  });
});

describe("a whole answer whose worker is away", () => {
  it("goes on when the worker comes back with it, on the same slot", async () => {
    const asked: string[] = [];
    const { flows, worker, outcome, strays } = await start({ onPreempt: () => asked.push("line") });
    worker.die();
    flows.clock.advance(4_999);
    const again = new ScriptedWorker(flows, "w1", undefined, running("line"));
    expect(slotsUsed(flows)).toBe(1);
    flows.clock.advance(60_000);
    flows.attempts.reconcile("w1", new Set(["line#1"]));
    const waiting = ["a", "b"].map(() =>
      flows.fleet.acquire("m", {
        laneClass: "interactive",
        avoid: new Set(),
        needs: new Set(),
        signal: new AbortController().signal,
      }),
    );
    expect(asked).toEqual(["line"]);
    again.end(attemptOf("line"), finishedReport, pieces);
    expect((await finished(outcome)).deltas).toEqual(pieces);
    expect(strays).toEqual([]);
    for (const lease of await Promise.all(waiting)) lease.release();
    expect(slotsUsed(flows)).toBe(0);
  });

  it("is taken from the outbox of a worker that has finished it meanwhile", async () => {
    const { flows, worker, outcome } = await start();
    worker.die();
    const again = new ScriptedWorker(flows, "w1");
    again.end(attemptOf("line"), finishedReport, pieces);
    expect((await finished(outcome)).deltas).toEqual(pieces);
    expect(slotsUsed(flows)).toBe(0);
    expect(flows.attempts.size).toBe(0);
  });

  it("is lost when the worker stays away, comes back without it, or has left for good", async () => {
    const away = await start();
    away.worker.die();
    away.flows.clock.advance(5_000);
    expect(await away.outcome).toEqual({ kind: "lost", reason: "the connection was lost" });

    const empty = await start();
    empty.worker.die();
    new ScriptedWorker(empty.flows, "w1");
    empty.flows.attempts.reconcile("w1", new Set());
    expect((await empty.outcome).kind).toBe("lost");

    const gone = await start();
    gone.flows.fleet.leaveForGood("w1", gone.worker, "it said goodbye");
    expect((await gone.outcome).kind).toBe("lost");
  });

  it("is given up at once when its owner does not want it any more", async () => {
    const { flows, worker, stop, outcome } = await start();
    worker.die();
    stop.abort();
    expect(await outcome).toEqual({ kind: "cancelled" });
    new ScriptedWorker(flows, "w1", undefined, running("line"));
    expect(slotsUsed(flows)).toBe(1);
  });
});

describe("what a worker brings along that nobody here has asked for", () => {
  it("keeps its slot until its end, which goes to whoever takes strays", async () => {
    const flows = startFlows();
    const strays: StrayEnd[] = [];
    flows.attempts.onStray((end) => strays.push(end));
    const worker = new ScriptedWorker(flows, "w1", undefined, [...running("a"), ...running("b")]);
    expect(slotsUsed(flows)).toBe(2);
    const waiting = flows.fleet.acquire("m", {
      laneClass: "interactive",
      avoid: new Set(),
      needs: new Set(),
      signal: new AbortController().signal,
    });
    expect(worker.commands).toEqual([{ kind: "cancel", attemptId: "b", epoch: 1 }]);
    worker.end(attemptOf("a"), finishedReport, pieces);
    const lease = await waiting;
    expect(slotsUsed(flows)).toBe(2);
    const { kind: _kind, ...end } = finishedReport;
    expect(strays).toMatchObject([
      {
        workerId: "w1",
        workerName: "w1",
        ...attemptOf("a"),
        report: { kind: "finished", ...end, deltas: pieces },
      },
    ]);
    expect(acknowledged(worker)).toEqual([]);
    strays[0]?.acknowledge();
    worker.end(attemptOf("b"), { kind: "cancelled" }, []);
    expect(acknowledged(worker)).toEqual(["a", "b"]);
    lease.release();
    expect(slotsUsed(flows)).toBe(0);
    expect(strays).toHaveLength(1);
  });

  it("gives its slot back when the worker does not know of it any more, and when the worker is lost", async () => {
    const flows = startFlows();
    const worker = new ScriptedWorker(flows, "w1", undefined, [...running("a"), ...running("b")]);
    flows.clock.advance(11_000);
    flows.attempts.reconcile("w1", new Set(["b#1"]));
    expect(slotsUsed(flows)).toBe(1);
    worker.die();
    expect(flows.attempts.size).toBe(0);
  });

  it("is acknowledged at once where nobody takes strays, and where it was streamed", () => {
    const flows = startFlows();
    const worker = new ScriptedWorker(flows, "w1");
    worker.end(attemptOf("whole"), finishedReport, pieces);
    flows.attempts.onStray(() => {
      throw new Error("nothing was to come");
    });
    worker.end(attemptOf("streamed"), finishedReport);
    expect(acknowledged(worker)).toEqual(["whole", "streamed"]);
  });

  it("is told of, and not listened to, where the attempt is another worker's", async () => {
    const { flows, outcome, worker, strays } = await start();
    const liar = new ScriptedWorker(flows, "w2", undefined, running("line"));
    liar.end(attemptOf("line"), finishedReport, [{ kind: "text", text: "forged", tokens: 1 }]);
    expect(strays).toMatchObject([{ workerId: "w2", attemptId: "line", epoch: 1, ticket: "" }]);
    worker.end(attemptOf("line"), finishedReport, pieces);
    expect((await finished(outcome)).deltas).toEqual(pieces);
    expect(strays).toHaveLength(1);
  });
});
