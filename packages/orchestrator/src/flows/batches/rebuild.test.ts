import { describe, expect, it } from "vitest";
import { createMemoryCommitLedger } from "../../adapters/memory/commit-ledger.ts";
import { objectKeys } from "../../core/batches/keys.ts";
import { countDone, isDone } from "../../core/batches/line-bits.ts";
import { answer, batchId, claim, commitPath } from "./commit-path.fixture.ts";
import { rebuildLedger } from "./rebuild.ts";
import { MemoryObjectStore } from "./store.fixture.ts";

const lines = 20;
const batch = { batchId, lines };

async function start() {
  const store = new MemoryObjectStore();
  const path = commitPath(store, createMemoryCommitLedger());
  expect(await rebuildLedger(path, batch)).toBe(1);
  const { desk } = path.openDesk();
  const run = async (line: number, outcome: "completed" | "failed" = "completed") =>
    desk.submit(batchId, answer(line, await claim(path.ledger, line, 1), outcome));
  return { ...path, store, desk, run };
}

describe("a ledger that is lost", () => {
  it("comes back as a new generation, with the lines, counts and usage that it had", async () => {
    const path = await start();
    for (let line = 0; line < 7; line++)
      expect(await path.run(line, line === 3 ? "failed" : "completed")).toBe("ok");
    const before = await path.ledger.state(batchId);
    const done = await path.ledger.done(batchId);
    path.ledger.lose();
    expect(await rebuildLedger(path, batch)).toBe(2);
    expect(await path.ledger.state(batchId)).toEqual({ ...before, gen: 2 });
    expect(await path.ledger.done(batchId)).toEqual(done);
    // And again, when all that is known is in a snapshot and records of an older generation.
    path.ledger.lose();
    expect(await rebuildLedger(path, batch)).toBe(3);
    expect(await path.ledger.state(batchId)).toEqual({ ...before, gen: 3 });
  });

  it("is rebuilt by one of those who try, and stays as it is where it is not lost", async () => {
    const path = await start();
    expect(await rebuildLedger(path, batch)).toBeUndefined();
    path.ledger.lose();
    const gens = await Promise.all([1, 2, 3].map(() => rebuildLedger(path, batch)));
    expect(gens.filter((gen) => gen !== undefined)).toEqual([2]);
  });

  it("is rebuilt although the one who began has died", async () => {
    const path = await start();
    await path.run(4);
    path.ledger.lose();
    await path.store.putIfAbsent(objectKeys.generation(batchId, 2), new Uint8Array());
    expect(await rebuildLedger(path, batch)).toBe(3);
    expect(isDone(await path.ledger.done(batchId), 4)).toBe(true);
  });

  it("gives a slow rebuild no say once a later one is open", async () => {
    const path = await start();
    path.ledger.lose();
    const { store } = path;
    let isFirst = true;
    const put = store.put.bind(store);
    store.put = async (key, content) => {
      if (isFirst && key.startsWith(objectKeys.snapshots(batchId))) {
        isFirst = false;
        expect(await rebuildLedger(path, batch)).toBe(3);
      }
      return put(key, content);
    };
    expect(await rebuildLedger(path, batch)).toBeUndefined();
    expect((await path.ledger.state(batchId))?.gen).toBe(3);
  });

  it("has a line run again whose record is damaged, and none that is torn", async () => {
    const path = await start();
    await path.run(0);
    await path.run(1);
    await path.desk.release(batchId);
    const key = `${objectKeys.segments(batchId)}orc-1-1/000000`;
    const bytes = path.store.objects.get(key);
    if (bytes === undefined) throw new Error("nothing written");
    bytes[90] = (bytes[90] ?? 0) ^ 1;
    path.store.objects.set(key, new Uint8Array([...bytes, ...bytes.subarray(0, 60)]));
    path.ledger.lose();
    expect(await rebuildLedger(path, batch)).toBe(2);
    const done = await path.ledger.done(batchId);
    expect([countDone(done), isDone(done, 1)]).toEqual([1, true]);
    expect((await path.ledger.state(batchId))?.totals.completed).toBe(1);
  });

  it("does not trust a snapshot that is damaged", async () => {
    const path = await start();
    await path.run(0);
    path.ledger.lose();
    await rebuildLedger(path, batch);
    const snapshot = path.store.objects.get(objectKeys.snapshot(batchId, 2));
    if (snapshot === undefined) throw new Error("no snapshot");
    snapshot[20] = (snapshot[20] ?? 0) ^ 1;
    path.ledger.lose();
    await expect(rebuildLedger(path, batch)).rejects.toThrow(/snapshots\/00000002 is damaged/);
  });
});
