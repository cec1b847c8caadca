import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Background, ManualClock, silentLog } from "@muster/base";
import fc from "fast-check";
import { describe, expect, it, onTestFinished } from "vitest";
import { createDiskObjectStore } from "../../adapters/disk/object-store.ts";
import { groupUsage, usageDimensions } from "../../core/usage/usage-report.ts";
import type { UsageOwner } from "../../core/usage/usage-row.ts";
import { UsageBook } from "./usage-book.ts";

const dayMs = 86_400_000;
const owner: UsageOwner = { keyId: "k", tenant: "t", model: "m", class: "interactive" };
const tokens = { promptTokens: 10, cachedTokens: 4, completionTokens: 5 };

async function start() {
  const directory = await mkdtemp(join(tmpdir(), "muster-usage-"));
  onTestFinished(() => rm(directory, { recursive: true, force: true }));
  const store = await createDiskObjectStore({ directory, log: silentLog });
  onTestFinished(() => store.close());
  const clock = new ManualClock();
  const background = new Background(silentLog);
  const open = (self: string) => new UsageBook({ self, store, clock, log: silentLog, background });
  return { store, clock, background, open };
}

describe("the book of usage", () => {
  it("tells what was counted here at once, and elsewhere once it is written", async () => {
    const { open, clock, background } = await start();
    const [one, other] = [open("orc-1"), open("orc-2")];
    one.start();
    one.answered(owner, "ok", tokens);
    one.worked(owner, { workerSeconds: 2, wattHours: 0.5 });
    const counted = { ok: 1, failed: 0, ...tokens, workerSeconds: 2, wattHours: 0.5 };
    expect(await one.rows("1970-01-01", "1970-01-01")).toEqual([{ day: "1970-01-01", ...owner, ...counted }]);
    expect(await other.rows("1970-01-01", "1970-01-01")).toEqual([]);
    clock.advance(10_000);
    await background.idle(5_000);
    expect(await other.rows("1970-01-01", "1970-01-01")).toEqual([
      { day: "1970-01-01", ...owner, ...counted },
    ]);
    await one.stop();
  });

  it("keeps days apart, and what a process that is gone has counted", async () => {
    const { open, clock } = await start();
    const first = open("orc-1");
    first.answered(owner, "ok", tokens);
    clock.advance(dayMs);
    first.answered(owner, "failed", tokens);
    await first.stop();
    const second = open("orc-2");
    second.answered(owner, "ok", tokens);
    expect((await second.rows("1970-01-01", "1970-01-01")).length).toBe(1);
    expect((await second.rows("1970-01-02", "1970-01-09")).length).toBe(2);
    expect(await second.monthUsed("k", "1970-01")).toBe(45);
    expect(await second.monthUsed("k", "1970-02")).toBe(0);
    expect(await second.monthUsed("other", "1970-01")).toBe(0);
  });

  it("leaves out a damaged file, and tries again what the store did not take", async () => {
    const { open, store } = await start();
    await store.put("usage/1970-01-01/orc-x.json", new TextEncoder().encode('{"rows":[{"keyId":1}]}'));
    const book = open("orc-1");
    book.answered(owner, "ok", tokens);
    const { put } = store;
    store.put = async () => {
      throw new Error("full");
    };
    await book.write();
    store.put = put;
    await book.write();
    expect((await open("orc-2").rows("1970-01-01", "1970-01-01")).map(({ ok }) => ok)).toEqual([1]);
  });

  it("adds up: whatever it is told by, whoever counted it, nothing is lost or counted twice", async () => {
    const event = fc.record({
      book: fc.nat(1),
      keyId: fc.constantFrom("a", "b", "c"),
      model: fc.constantFrom("m", "n"),
      class: fc.constantFrom("interactive" as const, "batch" as const),
      isOk: fc.boolean(),
      prompt: fc.nat(1_000),
      completion: fc.nat(1_000),
      isWritten: fc.boolean(),
      days: fc.nat(2),
    });
    let runs = 0;
    const { open, clock } = await start();
    await fc.assert(
      fc.asyncProperty(
        fc.array(event, { maxLength: 25 }),
        fc.subarray([...usageDimensions]),
        async (events, by) => {
          const run = ++runs;
          const books = [open(`orc-${run}-a`), open(`orc-${run}-b`)];
          const tenant = `run-${run}`;
          let [requests, used] = [0, 0];
          for (const { book, keyId, model, class: usageClass, ...event } of events) {
            clock.advance(event.days * dayMs);
            const counted = {
              promptTokens: event.prompt,
              cachedTokens: 0,
              completionTokens: event.completion,
            };
            books[book]?.answered(
              { keyId, model, tenant, class: usageClass },
              event.isOk ? "ok" : "failed",
              counted,
            );
            if (event.isWritten) await books[book]?.write();
            requests += 1;
            used += event.prompt + event.completion;
          }
          for (const book of books) await book.stop();
          const all = await open(`orc-${run}-c`).rows("1970-01-01", "9999-12-31");
          const groups = groupUsage(
            all.filter((row) => row.tenant === tenant),
            by,
          );
          const sum = (pick: (counts: (typeof groups)[number]["counts"]) => number) =>
            groups.reduce((total, { counts }) => total + pick(counts), 0);
          expect(sum(({ ok, failed }) => ok + failed)).toBe(requests);
          expect(sum(({ promptTokens, completionTokens }) => promptTokens + completionTokens)).toBe(used);
        },
      ),
      { numRuns: 15 },
    );
  });
});
