import { createHmac } from "node:crypto";
import { ManualClock, silentLog } from "@muster/base";
import { describe, expect, it } from "vitest";
import type { AuditFault } from "../../core/audit/chain-check.ts";
import type { AuditEvent } from "../../ports/audit-trail.ts";
import { MemoryObjectStore } from "../batches/store.fixture.ts";
import { AuditDesk } from "./audit-desk.ts";
import { auditFiles, headsOfOthers } from "./audit-files.ts";
import { AuditLog } from "./audit-log.ts";

const seal = (data: string | Uint8Array) => createHmac("sha256", "a key").update(data).digest("hex");
const event = (target: string): AuditEvent => ({ action: "file.read", actor: "key_a", target });

function room() {
  const store = new MemoryObjectStore();
  const clock = new ManualClock();
  const open = (writer: string) =>
    new AuditLog({
      ...{ store, writer, seal, sealId: "one", clock, log: silentLog },
      otherHeads: () => headsOfOthers(store, writer),
    });
  const desk = new AuditDesk({ store, seal, sealId: "one", written: async () => {} });
  const write = async (writer: string, ...targets: string[]) => {
    const log = open(writer);
    for (const target of targets) log.record(event(target));
    await log.written(1_000);
    return log;
  };
  const key = (writer: string) => `audit/${writer}/000000`;
  const lines = (writer: string) =>
    new TextDecoder()
      .decode(store.objects.get(key(writer)))
      .split("\n")
      .slice(0, -1);
  const rewrite = (writer: string, change: (lines: string[]) => string[]) => {
    const text = change(lines(writer))
      .map((line) => `${line}\n`)
      .join("");
    store.objects.set(key(writer), new TextEncoder().encode(text));
  };
  const faults = async (noted: Parameters<AuditDesk["verify"]>[0] = []) =>
    (await desk.verify(noted)).faults.map(({ log, seq, kind }) => ({ log, seq, kind }));
  return { store, clock, open, desk, write, key, lines, rewrite, faults };
}

type Fault = Pick<AuditFault, "log" | "seq" | "kind">;

describe("the audit trail", () => {
  it("is intact as it was written, over several logs, and tells where each ends", async () => {
    const { write, desk } = room();
    await write("orc-1", "a", "b");
    await write("orc-2", "c");
    const report = await desk.verify([]);
    expect(report).toMatchObject({ logs: 2, records: 5, faultCount: 0 });
    expect(report.heads.map(({ log, seq }) => [log, seq])).toEqual([
      ["orc-1", 3],
      ["orc-2", 2],
    ]);
  });

  it.each<[string, (lines: string[]) => string[], Fault["kind"], number]>([
    ["an edit", (l) => l.map((line) => line.replace('"b"', '"x"')), "edited", 3],
    [
      "an edit of who it was",
      (l) => l.map((line, at) => (at === 2 ? line.replace("key_a", "key_b") : line)),
      "edited",
      3,
    ],
    ["a removal", ([a = "", b = "", , d = "", e = ""]) => [a, b, d, e], "missing", 3],
    ["a removal of the first", ([, ...rest]) => rest, "missing", 1],
    ["a cut from the middle", ([a = "", , , , e = ""]) => [a, e], "missing", 2],
    ["another order", ([a = "", b = "", c = "", d = "", e = ""]) => [a, c, b, d, e], "missing", 2],
    ["what is no record", ([a = "", ...rest]) => [a, "nonsense", ...rest], "unreadable", 2],
  ])("shows %s, and where it is", async (_what, change, kind, seq) => {
    const { write, rewrite, faults } = room();
    await write("orc-1", "a", "b", "c", "d");
    rewrite("orc-1", change);
    expect((await faults())[0]).toEqual({ log: "orc-1", seq, kind });
  });

  it("shows a record that somebody without the key has put in", async () => {
    const { write, rewrite, lines, faults } = room();
    await write("orc-1", "a", "b");
    await write("orc-2", "c");
    rewrite("orc-1", ([a = "", b = "", c = ""]) => [
      a,
      b,
      JSON.stringify({ ...JSON.parse(b), seq: 3, hash: "0".repeat(64), prev: JSON.parse(b).hash }),
      c,
    ]);
    expect(await faults()).toContainEqual({ log: "orc-1", seq: 3, kind: "edited" });
    // A true record of another log is none of this one.
    const stolen = lines("orc-2")[1] ?? "";
    rewrite("orc-1", ([a = ""]) => [a, stolen]);
    expect(await faults()).toContainEqual({ log: "orc-1", seq: 2, kind: "edited" });
  });

  it("shows that an older log is gone, or has lost its end, by what the next has noted", async () => {
    const { write, rewrite, store, key, faults } = room();
    await write("orc-1", "a", "b");
    await write("orc-2", "c");
    rewrite("orc-1", (all) => all.slice(0, -1));
    expect(await faults()).toEqual([{ log: "orc-1", seq: 3, kind: "cut" }]);
    store.objects.delete(key("orc-1"));
    expect(await faults()).toEqual([{ log: "orc-1", seq: 3, kind: "cut" }]);
  });

  it("cannot show that the newest log has lost its end, but to whoever has noted it", async () => {
    const { write, rewrite, desk, faults } = room();
    await write("orc-1", "a", "b");
    const { heads } = await desk.verify([]);
    rewrite("orc-1", (all) => all.slice(0, -1));
    expect(await faults()).toEqual([]);
    expect(await faults(heads)).toEqual([{ log: "orc-1", seq: 3, kind: "cut" }]);
  });

  it("says of a log that was sealed with another key where to verify it, and not that it was changed", async () => {
    const { write, store } = room();
    await write("orc-1", "a");
    const elsewhere = (data: string | Uint8Array) =>
      createHmac("sha256", "another").update(data).digest("hex");
    const desk = new AuditDesk({ store, seal: elsewhere, sealId: "other", written: async () => {} });
    const { faults, faultCount } = await desk.verify([]);
    expect(faults).toMatchObject([{ log: "orc-1", kind: "other_key" }]);
    expect(faultCount).toBe(1);
  });

  it("notes of the other logs only what none has noted yet", async () => {
    const { write, store } = room();
    for (const writer of ["orc-1", "orc-2", "orc-3"]) await write(writer, "a");
    expect((await headsOfOthers(store, "orc-9")).map(({ log }) => log)).toEqual(["orc-3"]);
  });

  it("keeps what happens while the store is away, and says how much was too much", async () => {
    const { store, clock, open, desk, faults } = room();
    const log = open("orc-1");
    store.fate = () => "fails";
    for (let at = 0; at < 10_050; at++) log.record(event(`t${at}`));
    await turns();
    store.fate = () => "done";
    for (let at = 0; at < 5; at++) {
      clock.advance(20_000);
      await turns();
    }
    const newest = await desk.list({ sinceMs: undefined, actor: undefined, action: "audit.gap", limit: 5 });
    expect(newest.map(({ details }) => details)).toEqual([{ missed: 50 }]);
    expect((await desk.verify([])).records).toBe(10_002);
    expect(await faults()).toEqual([]);
  });

  it("stays intact where records were torn, or written twice because nobody knew whether they were", async () => {
    const { store, clock, open, key, faults, desk } = room();
    const log = open("orc-1");
    log.record(event("a"));
    await log.written(1_000);
    const fates = ["torn", "done"] as const;
    let appends = 0;
    store.fate = () => fates[appends++] ?? "done";
    log.record(event("b"));
    log.record(event("c"));
    for (let at = 0; at < 3; at++) {
      await turns();
      clock.advance(20_000);
    }
    await log.written(1_000);
    expect(await faults()).toEqual([]);
    const second = "audit/orc-1/000001";
    store.objects.set("audit/orc-1/000002", store.objects.get(second) ?? new Uint8Array());
    expect(store.objects.get(key("orc-1"))).toBeDefined();
    expect(await faults()).toEqual([]);
    const list = await desk.list({ sinceMs: undefined, actor: "key_a", action: undefined, limit: 10 });
    expect(list.map(({ target }) => target)).toEqual(["c", "b", "a"]);
  });

  it("is listed newest first, by who, what and since when, and no more than was asked for", async () => {
    const { clock, open, desk } = room();
    const log = open("orc-1");
    for (const target of ["a", "b", "c"]) {
      log.record(event(target));
      clock.advance(10_000);
    }
    log.record({ action: "key.create", actor: "operator", target: "key_b" });
    await log.written(1_000);
    const any = { sinceMs: undefined, actor: undefined, action: undefined, limit: 100 };
    const targets = async (query: object) =>
      (await desk.list({ ...any, ...query })).map(({ target }) => target);
    expect(await targets({ actor: "key_a" })).toEqual(["c", "b", "a"]);
    expect(await targets({ actor: "key_a", limit: 2 })).toEqual(["c", "b"]);
    expect(await targets({ action: "key.create" })).toEqual(["key_b"]);
  });

  it("is found in moments where each time that something was written is a piece of its own", async () => {
    const { store } = room();
    const pieces = 100_000;
    store.list = async function* () {
      for (let at = 0; at < pieces; at++)
        yield { key: `audit/orc-${at % 2}/${String(at).padStart(8, "0")}`, bytes: 1, modifiedAtMs: 0 };
      return undefined;
    };
    const startedAtMs = performance.now();
    const files = await auditFiles(store);
    expect(files.map((file) => [file.log, file.pieces.length])).toEqual([
      ["orc-0", pieces / 2],
      ["orc-1", pieces / 2],
    ]);
    expect(performance.now() - startedAtMs).toBeLessThan(1_500);
  });

  it("clips what comes from outside", async () => {
    const { open, desk } = room();
    const log = open("orc-1");
    log.record({ ...event("t".repeat(5_000)), details: { long: "x".repeat(5_000) } });
    await log.written(1_000);
    const [record] = await desk.list({ sinceMs: undefined, actor: "key_a", action: undefined, limit: 1 });
    expect(record?.target).toHaveLength(200);
    expect(record?.details?.["long"]).toHaveLength(200);
  });
});

/** Lets all that is ready to run have its turn. */
async function turns(): Promise<void> {
  for (let at = 0; at < 20; at++) await new Promise((resolve) => setImmediate(resolve));
}
