import { afterEach, describe, expect, it, vi } from "vitest";
import {
  batchId,
  claimed,
  commitOf,
  counted,
  isBitSet,
  type LedgerUnderTest,
  nothing,
  sumOf,
} from "./commit-ledger.fixture.ts";
import { commitLedgerProperties } from "./commit-ledger.properties.contract.ts";
import type { Verdict } from "./commit-ledger.ts";

const generous = { timeout: 5_000, interval: 10 };

/** What every commit ledger promises. `open` gives an empty one, and a second client of the same store. */
export function commitLedgerContract(name: string, open: () => Promise<LedgerUnderTest>): void {
  const opened: LedgerUnderTest[] = [];
  const start = async (lines = 10) => {
    const under = await open();
    opened.push(under);
    await under.ledger.open(batchId, { gen: 1, lines, done: new Uint8Array(), totals: nothing });
    return under;
  };
  afterEach(async () => {
    for (const { ledger, another } of opened.splice(0))
      await Promise.all(
        [ledger, another].map(async (client) => {
          await client.forget(batchId);
          await client.dispose();
        }),
      );
  });

  describe(`${name}: a commit ledger`, () => {
    it("knows nothing of a batch that nobody has opened", async () => {
      const { ledger } = await start();
      expect(await ledger.state("batch_other")).toBeUndefined();
      expect(await ledger.claim("batch_other", 0, 1)).toEqual({ kind: "stale" });
      expect(await ledger.commit("batch_other", commitOf(0, { gen: 1, epoch: 1 }))).toBe("stale");
      expect(await ledger.done("batch_other")).toHaveLength(0);
      expect(await ledger.unfolded("batch_other")).toEqual([]);
      await ledger.close("batch_other");
      expect(await ledger.state("batch_other")).toBeUndefined();
    });

    it("opens each generation once, and none that is older", async () => {
      const { ledger, another } = await start();
      const again = { lines: 10, done: new Uint8Array(), totals: nothing };
      await claimed(ledger, 3);
      expect(await another.open(batchId, { ...again, gen: 1 })).toBe(false);
      expect((await claimed(ledger, 3)).token.epoch).toBe(2);
      expect(await another.open(batchId, { ...again, gen: 3 })).toBe(true);
      expect(await ledger.open(batchId, { ...again, gen: 2 })).toBe(false);
      expect(await ledger.state(batchId)).toEqual({ status: "open", gen: 3, lines: 10, totals: nothing });
    });

    it("counts the claims of each line", async () => {
      const { ledger, another } = await start();
      expect(await ledger.claim(batchId, 3, 1)).toEqual({
        kind: "claimed",
        token: { gen: 1, epoch: 1 },
        crashedOn: [],
      });
      expect((await claimed(another, 3)).token).toEqual({ gen: 1, epoch: 2 });
      expect((await claimed(ledger, 4)).token).toEqual({ gen: 1, epoch: 1 });
    });

    it("gives no claim of another generation, of a line that is not there, and of one that is done", async () => {
      const { ledger } = await start();
      expect(await ledger.claim(batchId, 0, 2)).toEqual({ kind: "stale" });
      expect(await ledger.claim(batchId, 10, 1)).toEqual({ kind: "stale" });
      const { token } = await claimed(ledger, 9);
      expect(await ledger.commit(batchId, commitOf(9, token))).toBe("ok");
      expect(await ledger.claim(batchId, 9, 1)).toEqual({ kind: "done" });
    });

    it("takes the first result of a line, and knows it again until it is folded", async () => {
      const { ledger, another } = await start();
      const first = commitOf(2, (await claimed(ledger, 2)).token, { sha256: "a1" });
      const second = commitOf(2, (await claimed(ledger, 2)).token, { sha256: "a11" });
      expect(await ledger.commit(batchId, second)).toBe("ok");
      expect(await another.commit(batchId, second)).toBe("already");
      expect(await another.commit(batchId, first)).toBe("lost");
      expect(await ledger.unfolded(batchId)).toEqual([{ line: 2, pointer: second.pointer }]);
      await another.fold(batchId, [2, 7]);
      expect(await ledger.unfolded(batchId)).toEqual([]);
      expect(await ledger.commit(batchId, second)).toBe("lost");
      expect((await ledger.state(batchId))?.totals).toEqual(sumOf([second]));
    });

    it("takes a success with an old token, but an error only with the newest", async () => {
      const { ledger } = await start();
      const [old, newest] = [await claimed(ledger, 0), await claimed(ledger, 0)];
      const failure = { outcome: "failed" } as const;
      expect(await ledger.commit(batchId, commitOf(0, old.token, failure))).toBe("fenced");
      expect(await ledger.commit(batchId, commitOf(0, newest.token, failure))).toBe("ok");
      const [older] = [await claimed(ledger, 1), await claimed(ledger, 1)];
      expect(await ledger.commit(batchId, commitOf(1, older.token))).toBe("ok");
    });

    it("takes nothing with a token that it did not give", async () => {
      const { ledger } = await start();
      const { token } = await claimed(ledger, 0);
      for (const epoch of [0, token.epoch + 1])
        expect(await ledger.commit(batchId, commitOf(0, { gen: 1, epoch }))).toBe("unknown");
      expect(await ledger.commit(batchId, commitOf(1, token))).toBe("unknown");
      expect(await ledger.commit(batchId, commitOf(10, token))).toBe("unknown");
      expect(await ledger.commit(batchId, commitOf(0, { gen: 2, epoch: 1 }))).toBe("stale");
      expect((await ledger.state(batchId))?.totals).toEqual(nothing);
    });

    it("adds up results, errors, cached answers and usage", async () => {
      const { ledger } = await start();
      const commits = await Promise.all(
        Array.from({ length: 10 }, async (_none, line) =>
          commitOf(line, (await claimed(ledger, line)).token, {
            outcome: line % 3 === 0 ? "failed" : "completed",
            isCached: line % 4 === 1,
          }),
        ),
      );
      const verdicts = await Promise.all(commits.map((commit) => ledger.commit(batchId, commit)));
      expect(new Set(verdicts)).toEqual(new Set<Verdict>(["ok"]));
      expect((await ledger.state(batchId))?.totals).toEqual(sumOf(commits));
    });

    it("goes on as a new generation with what was done before", async () => {
      const { ledger } = await start(20);
      const old = await claimed(ledger, 1);
      const totals = counted({ completed: 2, failed: 1 });
      expect(await ledger.open(batchId, { gen: 2, lines: 20, done: Uint8Array.of(0x81, 0x40), totals })).toBe(
        true,
      );
      expect(await ledger.done(batchId)).toEqual(Uint8Array.of(0x81, 0x40, 0));
      for (const line of [0, 7, 9]) expect(await ledger.claim(batchId, line, 2)).toEqual({ kind: "done" });
      expect(await ledger.claim(batchId, 1, 1)).toEqual({ kind: "stale" });
      expect(await ledger.commit(batchId, commitOf(1, old.token))).toBe("fenced");
      const { token } = await claimed(ledger, 19, 2);
      expect(token).toEqual({ gen: 2, epoch: 1 });
      const commit = commitOf(19, token);
      expect(await ledger.commit(batchId, commit)).toBe("ok");
      expect(await ledger.done(batchId)).toEqual(Uint8Array.of(0x81, 0x40, 0x10));
      expect((await ledger.state(batchId))?.totals).toEqual(sumOf([commit], totals));
    });

    it("remembers on which workers a line has crashed engines, until the line is done", async () => {
      const { ledger, another } = await start();
      await claimed(ledger, 5);
      expect(await ledger.crashed(batchId, 5, "worker a")).toEqual(["worker a"]);
      expect(await another.crashed(batchId, 5, 'b"\n')).toEqual(["worker a", 'b"\n']);
      expect(await ledger.crashed(batchId, 5, "worker a")).toEqual(["worker a", 'b"\n']);
      expect((await claimed(ledger, 6)).crashedOn).toEqual([]);
      const { token, crashedOn } = await claimed(ledger, 5);
      expect(crashedOn).toEqual(["worker a", 'b"\n']);
      expect(await ledger.commit(batchId, commitOf(5, token))).toBe("ok");
      expect(await ledger.crashed(batchId, 5, "c")).toEqual(["c"]);
    });

    it("takes nothing more once it is closed, and no generation opens it again", async () => {
      const { ledger, another } = await start();
      const { token } = await claimed(ledger, 0);
      await another.close(batchId);
      expect(await ledger.claim(batchId, 1, 1)).toEqual({ kind: "closed" });
      expect(await ledger.commit(batchId, commitOf(0, token))).toBe("closed");
      await ledger.open(batchId, { gen: 2, lines: 10, done: new Uint8Array(), totals: nothing });
      expect(await ledger.claim(batchId, 1, 2)).toEqual({ kind: "closed" });
      expect(await ledger.state(batchId)).toEqual({ status: "closed", gen: 2, lines: 10, totals: nothing });
    });

    it("forgets one batch and no other", async () => {
      const { ledger } = await start();
      await ledger.open("batch_kept", { gen: 1, lines: 1, done: new Uint8Array(), totals: nothing });
      await ledger.forget(batchId);
      expect(await ledger.state(batchId)).toBeUndefined();
      expect(await ledger.done(batchId)).toHaveLength(0);
      expect(await ledger.state("batch_kept")).toBeDefined();
      await ledger.forget("batch_kept");
    });

    it("says stale of all batches when the store has lost its memory, until they are opened anew", async () => {
      const { ledger, another, lose } = await start();
      const { token } = await claimed(ledger, 0);
      await lose();
      expect(await ledger.state(batchId)).toBeUndefined();
      expect(await another.claim(batchId, 0, 1)).toEqual({ kind: "stale" });
      expect(await ledger.commit(batchId, commitOf(0, token))).toBe("stale");
      expect(await ledger.crashed(batchId, 0, "w")).toEqual(["w"]);
      expect(
        await another.open(batchId, { gen: 2, lines: 10, done: new Uint8Array(), totals: nothing }),
      ).toBe(true);
      expect(await ledger.commit(batchId, commitOf(0, token))).toBe("fenced");
      expect((await claimed(ledger, 0, 2)).crashedOn).toEqual([]);
    });

    it("gives a lease to one holder, until it is given back or runs out", async () => {
      const { ledger, another } = await start();
      expect(await ledger.lease("keep", "a", 60_000)).toBe(true);
      expect(await another.lease("keep", "b", 60_000)).toBe(false);
      expect(await another.lease("other", "b", 60_000)).toBe(true);
      expect(await ledger.lease("keep", "a", 60_000)).toBe(true);
      await another.release("keep", "b");
      expect(await another.lease("keep", "b", 60_000)).toBe(false);
      await ledger.release("keep", "a");
      expect(await another.lease("keep", "b", 20)).toBe(true);
      await vi.waitFor(async () => expect(await ledger.lease("keep", "a", 60_000)).toBe(true), generous);
      await ledger.release("keep", "a");
      await another.release("other", "b");
    });

    it("says what share of its memory is used", async () => {
      const share = await (await start()).ledger.memoryUse();
      expect(share).toBeGreaterThanOrEqual(0);
      expect(share).toBeLessThanOrEqual(1);
    });
  });

  describe(`${name}: a commit ledger that many use at once`, () => {
    it("takes exactly one of 64 results of a line", async () => {
      const { ledger, another } = await start();
      const tokens = await Promise.all(Array.from({ length: 64 }, () => claimed(ledger, 0)));
      const commits = tokens.map(({ token }, index) =>
        commitOf(0, token, { sha256: `sha-${index}`, usage: { promptTokens: index } }),
      );
      const verdicts = await Promise.all(
        commits.map((commit, index) => (index % 2 === 0 ? ledger : another).commit(batchId, commit)),
      );
      const winners = commits.filter((_commit, index) => verdicts[index] === "ok");
      expect(winners).toHaveLength(1);
      expect(verdicts.filter((verdict) => verdict === "lost")).toHaveLength(63);
      expect(await ledger.unfolded(batchId)).toEqual([{ line: 0, pointer: winners[0]?.pointer }]);
      expect((await ledger.state(batchId))?.totals).toEqual(sumOf(winners));
    });

    it("gives two clients that run the same lines each line once between them", async () => {
      const lines = 500;
      const { ledger, another } = await start(lines);
      const race = (client: typeof ledger, sha256: string) =>
        Array.from({ length: lines }, async (_none, line) => {
          const claim = await client.claim(batchId, line, 1);
          if (claim.kind !== "claimed") return [];
          const commit = commitOf(line, claim.token, { sha256, usage: { completionTokens: line } });
          return (await client.commit(batchId, commit)) === "ok" ? [commit] : [];
        });
      const taken = (await Promise.all([...race(ledger, "aa"), ...race(another, "bb")])).flat();
      expect(taken.map(({ line }) => line).sort((a, b) => a - b)).toEqual([...Array(lines).keys()]);
      expect((await ledger.state(batchId))?.totals).toEqual(sumOf(taken));
    });

    it("counts what was committed before it was closed, and nothing after", async () => {
      const lines = 400;
      const { ledger, another } = await start(lines);
      const tokens = await Promise.all(
        Array.from({ length: lines }, async (_none, line) => (await claimed(ledger, line)).token),
      );
      let closing: Promise<void> | undefined;
      const commits = tokens.map((token, line) => commitOf(line, token));
      const verdicts: Verdict[] = [];
      // One after the other: the close falls among them.
      for (const [index, commit] of commits.entries()) {
        if (index === lines / 4) closing = another.close(batchId);
        verdicts.push(await ledger.commit(batchId, commit));
      }
      await closing;
      const taken = commits.filter((_commit, index) => verdicts[index] === "ok");
      const closedAt = verdicts.indexOf("closed");
      expect(closedAt).toBeGreaterThanOrEqual(lines / 4);
      expect(new Set(verdicts.slice(closedAt))).toEqual(new Set(["closed"]));
      const state = await ledger.state(batchId);
      expect(state).toEqual({ status: "closed", gen: 1, lines, totals: sumOf(taken) });
      const done = await ledger.done(batchId);
      for (const [line, verdict] of verdicts.entries())
        expect(isBitSet(done, line), `line ${line}`).toBe(verdict === "ok");
    });
  });

  commitLedgerProperties(name, async (lines) => (await start(lines)).ledger);
}
