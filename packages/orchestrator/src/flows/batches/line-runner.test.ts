import { createHash } from "node:crypto";
import { ManualClock, silentLog } from "@muster/base";
import { describe, expect, it } from "vitest";
import { createHmacLineTickets } from "../../adapters/common/line-tickets.ts";
import { createMemoryCommitLedger } from "../../adapters/memory/commit-ledger.ts";
import { type BatchRecord, noUsage } from "../../core/batches/batch.ts";
import { objectKeys } from "../../core/batches/keys.ts";
import { emptyBits } from "../../core/batches/line-bits.ts";
import type { LineResult } from "../../core/batches/line-result.ts";
import type { LineRef } from "../../core/job.ts";
import { createLineEndpoints } from "../../http/batch-lines/line-endpoints.ts";
import { AttemptTable } from "../attempt-table.ts";
import { FleetRegistry } from "../fleet-registry.ts";
import { finishedReport, noMetrics, replica, ScriptedWorker } from "../flows.fixture.ts";
import { ActiveBatches } from "./active-batches.ts";
import { LineAnswerer } from "./answer-line.ts";
import { BatchStore } from "./batch-store.ts";
import { BlockReader } from "./block-reader.ts";
import { CommitDesk } from "./commit-desk.ts";
import { LineCommits } from "./line-commits.ts";
import { LineRunner } from "./line-runner.ts";
import { ResultCache } from "./result-cache.ts";
import { MemoryObjectStore } from "./store.fixture.ts";

const digest = (data: Uint8Array | string) => createHash("sha256").update(data).digest("hex");
const lane = { model: "m", class: "batch" } as const;

const lineText = (line: number, more: object = {}) =>
  JSON.stringify({
    custom_id: `c-${line}`,
    method: "POST",
    url: "/v1/chat/completions",
    body: { model: "m", messages: [{ role: "user", content: `say ${line}` }], ...more },
  });

/** A batch of some lines, its ledger open, and a runner; workers are added by the tests. */
async function startRunner(
  texts: readonly string[],
  options: Partial<BatchRecord["options"]> = {},
  flow: { readonly hedges?: boolean } = {},
) {
  const clock = new ManualClock();
  const log = silentLog;
  const store = new MemoryObjectStore();
  const ledger = createMemoryCommitLedger(clock);
  const batches = new BatchStore({ store, clock, newId: () => `batch_${"0".repeat(32)}` });
  const record = await batches.create({
    tenant: "default",
    inputFileId: `file-${"0".repeat(32)}`,
    endpoint: "/v1/chat/completions",
    completionWindow: "24h",
    windowMs: 86_400_000,
    metadata: undefined,
    outputExpiresAfterMs: undefined,
    options: { priority: "normal", provenance: false, resultCache: false, webhookUrl: undefined, ...options },
  });
  await store.put(objectKeys.fileContent(record.inputFileId), Buffer.from(texts.join("\n")));
  const models = [{ model: "m", lines: texts.length }];
  await batches.writeEvent(record.id, { kind: "validated", atMs: 0, lines: texts.length, models });
  const totals = { completed: 0, failed: 0, cachedLines: 0, usage: noUsage };
  await ledger.open(record.id, { gen: 1, lines: texts.length, done: emptyBits(texts.length), totals });

  const fleet = new FleetRegistry({ clock, log });
  const attempts = new AttemptTable({ clock, log, fleet, metrics: noMetrics });
  fleet.notify({ capacityChanged() {}, workerLost: (...lost) => attempts.workerLost(...lost) });
  const active = new ActiveBatches({ store: batches, log });
  const cache = new ResultCache({ store, digest, clock });
  const answerer = new LineAnswerer({
    endpoints: createLineEndpoints(),
    fleet,
    attempts,
    tickets: createHmacLineTickets(Buffer.from("of this test")),
    cache,
    digest,
    clock,
    samplingOf: () => undefined,
  });
  const desk = new CommitDesk({ store, ledger, digest, writer: "test", clock, log });
  const runner = new LineRunner({
    ...{ active, ledger, answerer, fleet, digest, clock, log },
    commits: new LineCommits({ ledger, desk, digest, clock, log }),
    input: new BlockReader({ store }),
    random: () => 0.5,
    hedges: flow.hedges ?? false,
  });
  const committed: LineResult[] = [];
  const givenBack: LineRef[] = [];
  runner.notify({
    lineDone() {},
    giveBack: async (_lane, ref) => void givenBack.push(ref),
    committed: (_record, _model, result) => void committed.push(result),
  });
  const run = (line: number) => {
    const offset = texts.slice(0, line).reduce((sum, text) => sum + Buffer.byteLength(text) + 1, 0);
    const place = { line, offset, length: Buffer.byteLength(texts[line] ?? ""), prefix: 0 };
    return runner.run(lane, { batchId: record.id, gen: 1, round: 0, lines: [place] });
  };
  const runAgain = ({ batchId, gen, round, transientFailures, ...place }: LineRef) =>
    runner.run(lane, { batchId, gen, round, transientFailures: transientFailures ?? 0, lines: [place] });
  const bodyOf = (at: number) => JSON.parse(Buffer.from(committed[at]?.body ?? []).toString());
  const flows = { fleet, attempts };
  return {
    clock,
    ledger,
    batches,
    record,
    flows,
    active,
    runner,
    committed,
    givenBack,
    run,
    runAgain,
    bodyOf,
    store,
  };
}

/** Whoever gets the try of that epoch. */
async function assignedNext(workers: readonly ScriptedWorker[], epoch: number) {
  return Promise.race(
    workers.map(async (worker) => {
      for (let count = 1; ; count++) {
        const assign = await worker.untilAssigned(count);
        if (assign.epoch === epoch) return [worker, assign] as const;
      }
    }),
  );
}

const words = (text: string) => [{ kind: "text", text, tokens: 1 }] as const;

describe("the line runner", () => {
  it("answers a line with what the worker has said, and acknowledges it once that is committed", async () => {
    const world = await startRunner([lineText(0), lineText(1)]);
    const worker = new ScriptedWorker(world.flows, "w1");
    const done = world.run(1);
    const assign = await worker.untilAssigned(1);
    expect(worker.commands.some(({ kind }) => kind === "ack-end")).toBe(false);
    worker.end(assign, finishedReport, words("one"));
    await done;
    expect(world.bodyOf(0)).toMatchObject({
      custom_id: "c-1",
      response: { status_code: 200, body: { choices: [{ message: { content: "one" } }] } },
      error: null,
    });
    expect(worker.commands.at(-1)).toMatchObject({ kind: "ack-end", attemptId: assign.attemptId });
    expect((await world.ledger.state(world.record.id))?.totals.completed).toBe(1);
  });

  it("does not run a line that is done, however often it comes", async () => {
    const world = await startRunner([lineText(0)]);
    const worker = new ScriptedWorker(world.flows, "w1");
    const first = world.run(0);
    worker.end(await worker.untilAssigned(1), finishedReport, words("x"));
    await first;
    await world.run(0);
    expect(worker.assigned).toHaveLength(1);
    expect(world.committed).toHaveLength(1);
  });

  it("tries a line whose engine crashed on another worker, then answers it with an error", async () => {
    const world = await startRunner([lineText(0)]);
    const workers = ["w1", "w2", "w3"].map((id) => new ScriptedWorker(world.flows, id));
    const crash = { kind: "failed", code: "engine_crashed", message: "it crashed" } as const;
    const done = world.run(0);
    for (const epoch of [1, 2]) {
      const [worker, assign] = await assignedNext(workers, epoch);
      worker.end(assign, crash, []);
    }
    await done;
    expect(workers.reduce((sum, { assigned }) => sum + assigned.length, 0)).toBe(2);
    expect(world.committed[0]?.outcome).toBe("failed");
    expect(world.bodyOf(0)).toMatchObject({
      response: { status_code: 500, body: { error: { code: "engine_crashed" } } },
    });
  });

  it("answers at once with the error where the worker refuses the line on its merits", async () => {
    const world = await startRunner([lineText(0)]);
    const worker = new ScriptedWorker(world.flows, "w1");
    const done = world.run(0);
    const message = "The prompt is too long.";
    worker.end(
      await worker.untilAssigned(1),
      { kind: "failed", code: "context_length_exceeded", message },
      [],
    );
    await done;
    expect(world.bodyOf(0)).toMatchObject({ response: { status_code: 400, body: { error: { message } } } });
    expect(world.committed[0]?.usage).toEqual(noUsage);
  });

  it("gives its slot to a person who waits, and runs again afterwards", async () => {
    const world = await startRunner([lineText(0)]);
    const worker = new ScriptedWorker(world.flows, "w1", [replica({ slots: 1 })]);
    const done = world.run(0);
    const first = await worker.untilAssigned(1);
    const person = world.flows.fleet.acquire("m", {
      laneClass: "interactive",
      avoid: new Set(),
      needs: new Set(),
      signal: new AbortController().signal,
    });
    expect(worker.commands.at(-1)).toMatchObject({ kind: "cancel", attemptId: first.attemptId });
    worker.end(first, { kind: "cancelled" }, []);
    (await person).release();
    const second = await worker.untilAssigned(2);
    expect(second.epoch).toBe(2);
    worker.end(second, finishedReport, words("again"));
    await done;
    expect(world.committed).toHaveLength(1);
  });

  it("goes back to the lane when the orchestrator stops before it has a slot", async () => {
    const world = await startRunner([lineText(0)]);
    new ScriptedWorker(world.flows, "w1", [replica({ slots: 0 })]);
    const done = world.run(0);
    for (let turns = 0; turns < 20; turns++) await new Promise((resolve) => setImmediate(resolve));
    world.runner.stop();
    await done;
    expect(world.givenBack).toMatchObject([{ line: 0, round: 1 }]);
    expect(world.committed).toEqual([]);
  });

  it("is stopped on its worker when its batch is cancelled, and is not put back", async () => {
    const world = await startRunner([lineText(0)]);
    world.active.notify((batchId) => world.runner.batchOver(batchId));
    const worker = new ScriptedWorker(world.flows, "w1");
    const done = world.run(0);
    const assign = await worker.untilAssigned(1);
    await world.batches.writeEvent(world.record.id, { kind: "cancelling", atMs: 1 });
    await world.active.reload(world.record.id);
    expect(worker.commands.at(-1)).toMatchObject({ kind: "cancel" });
    worker.end(assign, { kind: "cancelled" }, []);
    await done;
    expect(world.givenBack).toEqual([]);
  });

  /** Eleven quick lines are done on `slow`, the twelfth runs long there, and another worker has nothing to do. */
  async function straggle(flow: { readonly hedges: boolean }) {
    const texts = Array.from({ length: 12 }, (_none, line) => lineText(line));
    const world = await startRunner(texts, {}, flow);
    const slow = new ScriptedWorker(world.flows, "w1", [replica({ slots: 1 })]);
    for (let line = 0; line < 11; line++) {
      const done = world.run(line);
      slow.end(await slow.untilAssigned(line + 1), finishedReport, words("quick"));
      world.clock.advance(1);
      await done;
    }
    const done = world.run(11);
    const straggler = await slow.untilAssigned(12);
    const idle = new ScriptedWorker(world.flows, "w2", [replica({ id: "rep-2", slots: 1 })]);
    world.clock.advance(1_500);
    return { world, slow, idle, straggler, done };
  }

  it("is tried on a second worker when it takes far longer than others, where hedging is on; the first answer counts", async () => {
    const { world, slow, idle, straggler, done } = await straggle({ hedges: true });
    const second = await idle.untilAssigned(1);
    expect(second.epoch).toBe(2);
    idle.end(second, finishedReport, words("second"));
    await done;
    expect(world.committed.at(-1)?.token.epoch).toBe(2);
    expect(slow.commands.at(-1)).toMatchObject({ kind: "cancel", attemptId: straggler.attemptId, epoch: 1 });
  });

  it("is tried on one worker alone where hedging is off", async () => {
    const { world, slow, idle, straggler, done } = await straggle({ hedges: false });
    slow.end(straggler, finishedReport, words("first"));
    await done;
    expect(idle.assigned).toEqual([]);
    expect(world.committed.at(-1)?.token.epoch).toBe(1);
  });

  it("answers the same deterministic line once where results are cached", async () => {
    const same = { temperature: 0, messages: [{ role: "user", content: "same" }] };
    const world = await startRunner([lineText(0, same), lineText(1, same)], { resultCache: true });
    const worker = new ScriptedWorker(world.flows, "w1");
    const first = world.run(0);
    worker.end(await worker.untilAssigned(1), finishedReport, words("kept"));
    await first;
    await world.run(1);
    expect(worker.assigned).toHaveLength(1);
    expect(world.committed[1]).toMatchObject({ line: 1, isCached: true });
    expect(world.bodyOf(1)).toMatchObject({
      custom_id: "c-1",
      response: { body: { choices: [{ message: { content: "kept" } }] } },
    });
  });

  it("waits with its result while the disk is full, and commits it when there is room", async () => {
    const world = await startRunner([lineText(0)]);
    let isFull = true;
    world.store.fate = () => (isFull ? "fails" : "done");
    const worker = new ScriptedWorker(world.flows, "w1");
    const done = world.run(0);
    worker.end(await worker.untilAssigned(1), finishedReport, words("kept"));
    for (let turns = 0; turns < 50; turns++) await new Promise((resolve) => setImmediate(resolve));
    expect(world.committed).toEqual([]);
    isFull = false;
    world.clock.advance(6_000);
    await done;
    expect(world.committed).toHaveLength(1);
    expect(worker.assigned).toHaveLength(1);
  });

  it("answers a line that an engine always fails with an error, though it goes back to its lane in between", async () => {
    const world = await startRunner([lineText(0)]);
    const worker = new ScriptedWorker(world.flows, "w1");
    const failed = { kind: "failed", code: "engine_failed", message: "no luck" } as const;
    for (let tries = 1; world.committed.length === 0; tries++) {
      expect(tries).toBeLessThanOrEqual(4);
      const before = world.givenBack.at(-1);
      const done = before === undefined ? world.run(0) : world.runAgain(before);
      let isDone = false;
      void done.then(() => {
        isDone = true;
      });
      for (let turns = 0; !isDone; turns++) {
        const assign = worker.assigned.at(-1);
        if (assign !== undefined && !ended.has(assign)) {
          ended.add(assign);
          worker.end(assign, failed, []);
        }
        await new Promise((resolve) => setImmediate(resolve));
        if (turns % 10 === 9) world.clock.advance(1_000);
      }
      await done;
    }
    expect(worker.assigned).toHaveLength(4);
    expect(world.bodyOf(0)).toMatchObject({
      response: { status_code: 500, body: { error: { code: "engine_failed" } } },
    });
  });

  it("lets go of a line that no replica here can take, so that others get its place", async () => {
    const tools = [{ type: "function", function: { name: "f", parameters: { type: "object" } } }];
    const world = await startRunner([lineText(0, { tools })]);
    new ScriptedWorker(world.flows, "w1");
    const done = world.run(0);
    for (let turns = 0; turns < 20; turns++) await new Promise((resolve) => setImmediate(resolve));
    world.clock.advance(1_100);
    await done;
    expect(world.givenBack).toMatchObject([{ line: 0, round: 1 }]);
  });
});

const ended = new WeakSet<object>();
