import { describe, expect, it } from "vitest";
import { createMemoryCommitLedger } from "../../adapters/memory/commit-ledger.ts";
import { objectKeys } from "../../core/batches/keys.ts";
import { answer, batchId, claim, commitPath, digest, writeInput } from "./commit-path.fixture.ts";
import { rebuildLedger } from "./rebuild.ts";
import { tailResults } from "./results-tail.ts";
import { MemoryObjectStore } from "./store.fixture.ts";

const lines = 30;

async function start() {
  const store = new MemoryObjectStore();
  const path = commitPath(store, createMemoryCommitLedger());
  await rebuildLedger(path, { batchId, lines });
  const desks = [path.openDesk().desk, path.openDesk().desk] as const;
  /** Commit records are written when the desk lets go. */
  const run = async (desk: (typeof desks)[number], some: readonly number[], gen = 1) => {
    for (const line of some) await desk.submit(batchId, answer(line, await claim(path.ledger, line, gen)));
    await desk.release(batchId);
  };
  const tail = async (cursor?: string, maxBytes = 10_000) => {
    const page = await tailResults({ store, digest }, { batchId, cursor, maxBytes });
    return { ...page, ids: idsOf(page.lines) };
  };
  return { ...path, store, desks, run, tail };
}

function idsOf(some: readonly Uint8Array[]): number[] {
  return some.map((line) => Number(/"id-(\d+)"/.exec(Buffer.from(line).toString("utf8"))?.[1]));
}

describe("following the results of a batch", () => {
  it("gives lines in the order of their commits, each once, and goes on where it was", async () => {
    const { run, tail, desks } = await start();
    expect(await tail()).toMatchObject({ ids: [] });
    await run(desks[0], [5, 3, 9]);
    const first = await tail();
    expect(first.ids).toEqual([5, 3, 9]);
    expect((await tail(first.cursor)).ids).toEqual([]);
    await run(desks[1], [1, 0]);
    await run(desks[0], [2]);
    const second = await tail(first.cursor);
    expect([...second.ids].sort()).toEqual([0, 1, 2]);
    expect((await tail(first.cursor)).ids).toEqual(second.ids);
    expect((await tail(second.cursor)).ids).toEqual([]);
    expect((await tail()).ids).toHaveLength(6);
  });

  it("gives no more than it was asked for, and one line at least", async () => {
    const { run, tail, desks } = await start();
    const all = Array.from({ length: 20 }, (_none, line) => line);
    await run(desks[0], all);
    const seen: number[] = [];
    let cursor: string | undefined;
    for (let page = 0; page < all.length; page++) {
      const { ids, cursor: next } = await tail(cursor, 1);
      expect(ids).toHaveLength(1);
      seen.push(...ids);
      cursor = next;
    }
    expect(seen).toEqual(all);
    const { lines: some } = await tail(undefined, 400);
    const bytes = some.reduce((sum, line) => sum + line.length, 0);
    expect(bytes).toBeGreaterThanOrEqual(400);
    expect(bytes - (some.at(-1)?.length ?? 0)).toBeLessThan(400);
  });

  it("waits at a record that is not there as a whole yet", async () => {
    const { store, run, tail, desks } = await start();
    await run(desks[0], [1, 2, 3]);
    const key = `${objectKeys.segments(batchId)}orc-1-1/000000`;
    const whole = store.objects.get(key) ?? new Uint8Array();
    const seen: number[] = [];
    let cursor: string | undefined;
    for (let end = 0; end <= whole.length; end += 7) {
      store.objects.set(key, whole.slice(0, end));
      const page = await tail(cursor);
      seen.push(...page.ids);
      cursor = page.cursor;
    }
    store.objects.set(key, whole);
    seen.push(...(await tail(cursor)).ids);
    expect(seen).toEqual([1, 2, 3]);
  });

  it("gives what was answered without a commit record once the ledger was rebuilt, and the rest not again", async () => {
    const path = await start();
    const { run, tail, desks, ledger } = path;
    await run(desks[0], [1, 2]);
    const before = await tail();
    await run(desks[0], [3]);
    await desks[1].submit(batchId, answer(4, await claim(ledger, 4, 1)));
    ledger.lose();
    expect(await rebuildLedger(path, { batchId, lines })).toBe(2);
    await run(desks[0], [5], 2);
    const after = await tail(before.cursor);
    expect(after.ids).toEqual([3, 5, 4]);
    expect((await tail(after.cursor)).ids).toEqual([]);
    expect([...(await tail()).ids].sort()).toEqual([1, 2, 3, 4, 5]);
  });

  it("gives the last lines once the batch is put together", async () => {
    const path = await start();
    await path.run(path.desks[0], [1]);
    await path.desks[1].submit(batchId, answer(7, await claim(path.ledger, 7, 1)));
    const before = await path.tail();
    expect(before.ids).toEqual([1]);
    await writeInput(path.store, lines);
    await path.finalize(lines, "expired");
    const after = await path.tail(before.cursor);
    expect(after.ids).toEqual([7]);
    expect((await path.tail(after.cursor)).ids).toEqual([]);
  });

  it("refuses a cursor that it has not written", async () => {
    const { tail } = await start();
    const texts = ["", "x", "W10", "WzEsMiwzXQ", Buffer.from('[1,2,-3,[["a","b",1]]]').toString("base64url")];
    for (const text of [...texts, Buffer.from('[1,2,3,[["a",1,1]]]').toString("base64url")])
      await expect(tail(text)).rejects.toMatchObject({ code: "invalid_request", param: "cursor" });
  });
});
