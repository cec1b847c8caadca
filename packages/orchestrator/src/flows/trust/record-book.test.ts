import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Background, ManualClock, silentLog } from "@muster/base";
import { describe, expect, it, onTestFinished } from "vitest";
import { createDiskObjectStore } from "../../adapters/disk/object-store.ts";
import { RecordBook } from "./record-book.ts";

interface Named {
  readonly name: string;
}

async function room() {
  const directory = await mkdtemp(join(tmpdir(), "muster-records-"));
  onTestFinished(() => rm(directory, { recursive: true, force: true }));
  const clock = new ManualClock();
  const background = new Background(silentLog);
  const open = async (
    more: { readonly maxRecords?: number; readonly damaged?: (name: string) => Named } = {},
  ) => {
    const store = createDiskObjectStore({ directory, log: silentLog });
    const book = new RecordBook<Named>({
      ...{ store, clock, background, log: silentLog, prefix: "trust/things/" },
      read: (value) => ("name" in value && typeof value.name === "string" ? { name: value.name } : undefined),
      ...more,
    });
    onTestFinished(async () => {
      book.stop();
      await background.idle(1_000);
      await store.close();
    });
    await book.start();
    return book;
  };
  return { directory, clock, background, open };
}

describe("records that every orchestrator knows", () => {
  it("tell how many of them cannot be read, whether or not something stands in for them", async () => {
    const { open, directory } = await room();
    const [plain, strict] = [await open(), await open({ damaged: (name) => ({ name }) })];
    await plain.put("good", { name: "good" });
    expect([plain.damagedCount, strict.damagedCount]).toEqual([0, 0]);
    await writeFile(join(directory, "trust/things/bad.json"), "{");
    for (const book of [plain, strict]) await book.refresh();
    expect([plain.damagedCount, strict.damagedCount]).toEqual([1, 1]);
    await plain.remove("bad");
    for (const book of [plain, strict]) await book.refresh();
    expect([plain.damagedCount, strict.damagedCount]).toEqual([0, 0]);
  });

  it("are known at once to whoever wrote them, and to others with their next look", async () => {
    const { open, clock, background } = await room();
    const [here, there] = [await open(), await open()];
    let changes = 0;
    there.notify(() => {
      changes += 1;
    });
    await here.put("a", { name: "first" });
    expect(here.get("a")).toEqual({ name: "first" });
    expect(there.get("a")).toBeUndefined();
    clock.advance(2_000);
    await background.idle(5_000);
    await there.refresh();
    expect(there.all()).toEqual([{ name: "first" }]);
    expect(changes).toBe(1);
    await here.put("a", { name: "other" });
    await there.refresh();
    expect(there.get("a")).toEqual({ name: "other" });
    await here.remove("a");
    await there.refresh();
    expect(there.all()).toEqual([]);
    expect(changes).toBe(3);
  });

  it("have one winner where two are written by one name", async () => {
    const { open } = await room();
    const [here, there] = [await open(), await open()];
    const won = await Promise.all([
      here.putIfAbsent("a", { name: "1" }),
      there.putIfAbsent("a", { name: "2" }),
    ]);
    expect(won.filter(Boolean)).toHaveLength(1);
  });

  it("that are damaged are left out, and take no other along", async () => {
    const { open, directory } = await room();
    const book = await open();
    await book.put("good", { name: "good" });
    await book.put("bad", { name: "bad" });
    await writeFile(join(directory, "trust/things/bad.json"), "{");
    await book.refresh();
    expect(book.all()).toEqual([{ name: "good" }]);
  });

  it("that are damaged count as what their reader makes of them, where it says so", async () => {
    const { open, directory } = await room();
    const book = await open({ damaged: (name) => ({ name: `${name}?` }) });
    await book.put("a", { name: "first" });
    for (const content of ["{", "", "{}", "[]"]) {
      await writeFile(join(directory, "trust/things/a.json"), content);
      await book.refresh();
      expect(book.get("a")).toEqual({ name: "a?" });
    }
  });

  it("are all read or none: where there are too many, the last of them are not left out", async () => {
    const { open } = await room();
    const plain = await open();
    const book = await open({ maxRecords: 2 });
    await plain.put("a", { name: "a" });
    await plain.put("b", { name: "b" });
    await book.refresh();
    await plain.remove("a");
    await plain.put("c", { name: "c" });
    await plain.put("d", { name: "d" });
    await expect(book.refresh()).rejects.toThrow(/more than 2 records below trust\/things\//);
    expect(book.all()).toEqual([{ name: "a" }, { name: "b" }]);
    await expect(open({ maxRecords: 2 })).rejects.toThrow(/more than 2 records/);
  });
});
