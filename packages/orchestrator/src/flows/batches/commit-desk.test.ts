import { deferred, MusterError } from "@muster/base";
import { describe, expect, it } from "vitest";
import { createMemoryCommitLedger } from "../../adapters/memory/commit-ledger.ts";
import { objectKeys } from "../../core/batches/keys.ts";
import type { Commit, CommitLedger } from "../../ports/commit-ledger.ts";
import { answer, batchId, claim, commitPath } from "./commit-path.fixture.ts";
import { rebuildLedger } from "./rebuild.ts";
import { scanSegments } from "./segment-scan.ts";
import { MemoryObjectStore } from "./store.fixture.ts";

async function start(beforeCommit?: () => Promise<void>) {
  const store = new MemoryObjectStore();
  const ledger = createMemoryCommitLedger();
  const { commit } = ledger;
  const path = commitPath(store, {
    ...ledger,
    async commit(id: string, of: Commit) {
      await beforeCommit?.();
      return commit(id, of);
    },
  });
  expect(await rebuildLedger(path, { batchId, lines: 10 })).toBe(1);
  const { desk, clock } = path.openDesk();
  const submit = async (line: number) =>
    desk.submit(batchId, answer(line, await claim(path.ledger, line, 1)));
  return { ...path, store, desk, clock, submit };
}

async function recordsIn(store: MemoryObjectStore, path: Awaited<ReturnType<typeof start>>) {
  const found: string[] = [];
  for await (const { piece, records } of scanSegments({ ...path, store }, batchId))
    for (const record of records) found.push(`${piece} ${record.kind} ${record.line}`);
  return found;
}

/** Counts appends; the first waits for `gate`. */
function gated(store: MemoryObjectStore) {
  const [gate, began] = [deferred<void>(), deferred<void>()];
  const groups: number[] = [];
  const openLog = store.openLog.bind(store);
  store.openLog = (key) => {
    const log = openLog(key);
    return {
      ...log,
      async append(content) {
        groups.push(content.length);
        began.resolve();
        if (groups.length === 1) await gate.promise;
        return log.append(content);
      },
    };
  };
  return { gate, began, groups };
}

describe("the commit desk", () => {
  it("asks the ledger only once the result is in a segment", async () => {
    const seen: string[][] = [];
    const path = await start(async () => {
      seen.push([...path.store.objects.keys()].filter((key) => key.startsWith(objectKeys.segments(batchId))));
    });
    expect(await path.submit(3)).toBe("ok");
    expect(seen).toEqual([[`batches/${batchId}/segments/orc-1-1/000000`]]);
  });

  it("makes one group of all that comes while another is being written", async () => {
    const path = await start();
    const { gate, began, groups } = gated(path.store);
    const first = path.submit(0);
    await began.promise;
    const others = [1, 2, 3, 4].map((line) => path.submit(line));
    await path.ledger.state(batchId);
    gate.resolve();
    expect(await Promise.all([first, ...others])).toEqual(["ok", "ok", "ok", "ok", "ok"]);
    expect(groups).toHaveLength(2);
  });

  it("lets the ledger go of a line once its commit record is in a segment", async () => {
    const path = await start();
    await path.submit(0);
    expect(await path.ledger.unfolded(batchId)).toHaveLength(1);
    await path.submit(1);
    await path.desk.release(batchId);
    expect(await path.ledger.unfolded(batchId)).toEqual([]);
    expect((await recordsIn(path.store, path)).sort()).toEqual([
      "orc-1-1/000000 commit 0",
      "orc-1-1/000000 commit 1",
      "orc-1-1/000000 result 0",
      "orc-1-1/000000 result 1",
    ]);
  });

  it("writes commit records by themselves where nothing else comes", async () => {
    const path = await start();
    const folded = deferred<readonly number[]>();
    const fold = path.ledger.fold;
    path.ledger.fold = async (id, lines) => {
      await fold(id, lines);
      folded.resolve(lines);
    };
    await path.submit(5);
    // The last of what the desk does with a verdict: it sets the timer.
    await new Promise((resolve) => setImmediate(resolve));
    path.clock.advance(200);
    expect(await folded.promise).toEqual([5]);
    expect(await recordsIn(path.store, path)).toEqual(["orc-1-1/000000 result 5", "orc-1-1/000000 commit 5"]);
  });

  it("rejects a group that cannot be written, and commits nothing of it", async () => {
    const path = await start();
    path.store.fate = () => "torn";
    const results = await Promise.allSettled([path.submit(0), path.submit(1)]);
    for (const result of results)
      expect(result).toMatchObject({ status: "rejected", reason: { code: "store_full" } });
    expect((await path.ledger.state(batchId))?.totals.completed).toBe(0);
    path.store.fate = () => "done";
    expect(await path.submit(0)).toBe("ok");
    // What is whole at the torn end is a result like any other that nobody has decided about.
    expect(await recordsIn(path.store, path)).toEqual(["orc-1-1/000000 result 0", "orc-1-1/000001 result 0"]);
  });

  it("keeps commit records that could not be written for the next group", async () => {
    const path = await start();
    await path.submit(0);
    path.store.fate = () => "fails";
    await expect(path.submit(1)).rejects.toMatchObject({ code: "store_full" });
    path.store.fate = () => "done";
    await path.submit(2);
    await path.desk.release(batchId);
    expect(await path.ledger.unfolded(batchId)).toEqual([]);
    expect((await recordsIn(path.store, path)).filter((text) => text.includes("commit"))).toHaveLength(2);
  });

  it("asks a ledger that was away again, and gives up after half a minute", async () => {
    const path = await start();
    let isAway = true;
    let asked = deferred<void>();
    const commit = path.ledger.commit;
    const ledger: CommitLedger = {
      ...path.ledger,
      async commit(id, of) {
        const verdict = await commit(id, of);
        asked.resolve();
        // It took the result, and its answer was lost.
        if (isAway) throw new MusterError("store_unavailable", "Redis is away.");
        return verdict;
      },
    };
    const { desk, clock } = path.openDesk(ledger);
    const again = async (byMs: number) => {
      await asked.promise;
      asked = deferred<void>();
      await new Promise((resolve) => setImmediate(resolve));
      clock.advance(byMs);
    };
    const first = desk.submit(batchId, answer(0, await claim(path.ledger, 0, 1)));
    await again(50);
    isAway = false;
    await again(100);
    expect(await first).toBe("already");
    isAway = true;
    const second = desk.submit(batchId, answer(1, await claim(path.ledger, 1, 1)));
    const rejected = expect(second).rejects.toMatchObject({ code: "store_unavailable" });
    asked = deferred<void>();
    await again(31_000);
    await rejected;
    isAway = false;
    await desk.release(batchId);
    // The result whose `ok` was lost has its commit record all the same.
    expect((await path.ledger.unfolded(batchId)).map(({ line }) => line)).toEqual([1]);
  });

  it("opens another log for a batch that it has let go of", async () => {
    const path = await start();
    await path.submit(0);
    await path.desk.release(batchId);
    await path.submit(1);
    await path.desk.close();
    const pieces = (await recordsIn(path.store, path)).map((text) => text.split(" ")[0]);
    expect([...new Set(pieces)]).toEqual(["orc-1-1/000000", "orc-1-2/000000"]);
    await expect(path.submit(2)).rejects.toMatchObject({ code: "shutting_down" });
  });
});
