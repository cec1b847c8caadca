import { randomBytes } from "node:crypto";
import { afterEach, describe, expect, it } from "vitest";
import type { ObjectInfo, ObjectStore } from "./object-store.ts";

/** What every object store promises. `open` gives a new, empty place, and stores that share it. */
export function objectStoreContract(name: string, open: () => Promise<() => ObjectStore>): void {
  describe(`${name}: an object store`, () => {
    const opened: ObjectStore[] = [];
    const place = async () => {
      const connect = await open();
      return () => {
        const store = connect();
        opened.push(store);
        return store;
      };
    };
    const start = async () => (await place())();
    afterEach(async () => {
      await Promise.all(opened.splice(0).map((store) => store.close()));
    });

    it("gives back what was put, to others too, and the last of what was put under one key", async () => {
      const connect = await place();
      const [a, b] = [connect(), connect()];
      expect(await a.put("files/a/record.json", text("first, and longer"))).toEqual({ bytes: 17 });
      await a.put("files/a/record.json", text("second"));
      expect(shown(await b.get("files/a/record.json"))).toBe("second");
      expect(await b.head("files/a/record.json")).toMatchObject({ key: "files/a/record.json", bytes: 6 });
      expect((await b.head("files/a/record.json"))?.modifiedAtMs).toBeGreaterThan(1.6e12);
      expect(await a.get("files/a/content")).toBeUndefined();
      expect(await a.head("files/a/content")).toBeUndefined();
      expect(await a.head("files/a")).toBeUndefined();
    });

    it("keeps empty objects", async () => {
      const store = await start();
      await store.put("active/batch_1", text(""));
      await store.put("active/batch_2", chunks([]));
      expect((await store.get("active/batch_1"))?.length).toBe(0);
      expect((await store.get("active/batch_2", { offset: 0, length: 10 }))?.length).toBe(0);
      expect(await keysOf(store.list("active/"))).toEqual(["active/batch_1", "active/batch_2"]);
      expect((await collected(store.read("active/batch_1"))).length).toBe(0);
    });

    it("streams a large object in and out, unchanged", async () => {
      const store = await start();
      const parts = [700, 9_000_000, 1, 8_388_608, 2_500_123].map((bytes) => randomBytes(bytes));
      const whole = Buffer.concat(parts);
      expect(await store.put("files/big/content", chunks(parts))).toEqual({ bytes: whole.length });
      expect((await store.head("files/big/content"))?.bytes).toBe(whole.length);
      expect(whole.equals(await collected(store.read("files/big/content")))).toBe(true);
      const tail = await collected(store.read("files/big/content", { offset: 9_000_000 }));
      expect(whole.subarray(9_000_000).equals(tail)).toBe(true);
    });

    it("gives ranges, cut off at the end", async () => {
      const store = await start();
      await store.put("a", text("0123456789"));
      const range = async (offset: number, length: number) => shown(await store.get("a", { offset, length }));
      expect(await range(0, 4)).toBe("0123");
      expect(await range(7, 100)).toBe("789");
      expect(await range(9, 1)).toBe("9");
      expect(await range(10, 5)).toBe("");
      expect(await range(500, 5)).toBe("");
      expect(await range(3, 0)).toBe("");
      expect(await store.get("b", { offset: 0, length: 5 })).toBeUndefined();
      expect(await store.get("b", { offset: 0, length: 0 })).toBeUndefined();
      expect((await collected(store.read("a", { offset: 8 }))).toString()).toBe("89");
      expect((await collected(store.read("a", { offset: 10 }))).toString()).toBe("");
    });

    it("throws not_found where there is nothing to read", async () => {
      const store = await start();
      await expect(collected(store.read("files/none/content"))).rejects.toMatchObject({ code: "not_found" });
    });

    it.each([
      ["a small object", 10],
      ["a large one", 20_000_000],
    ])("keeps nothing of %s whose content fails midway, and what was there before", async (_what, bytes) => {
      const store = await start();
      await store.put("files/kept/content", text("before"));
      const failure = new Error("the client has left");
      const failing = async function* () {
        for (let done = 0; done < bytes; done += 100_000) yield Buffer.alloc(Math.min(bytes, 100_000));
        throw failure;
      };
      await expect(store.put("files/kept/content", failing())).rejects.toBe(failure);
      await expect(store.put("files/new/content", failing())).rejects.toBe(failure);
      expect(shown(await store.get("files/kept/content"))).toBe("before");
      expect(await keysOf(store.list("files/"))).toEqual(["files/kept/content"]);
    });

    it("refuses what is larger than the limit, without reading on", async () => {
      const store = await start();
      let given = 0;
      const endless = async function* () {
        for (; given < 50; given++) yield Buffer.alloc(100_000);
      };
      const limit = { limitBytes: 1_000_000 };
      await expect(store.put("files/x/content", endless(), limit)).rejects.toMatchObject({
        code: "request_too_large",
        message: expect.stringContaining("1000000 bytes"),
      });
      expect(given).toBe(10);
      expect(await keysOf(store.list("files/"))).toEqual([]);
      expect(await store.put("files/x/content", Buffer.alloc(1_000_000), limit)).toEqual({
        bytes: 1_000_000,
      });
    });

    it("lets one of twenty win when all put where nothing is", async () => {
      const connect = await place();
      const stores = [connect(), connect()];
      for (let round = 0; round < 5; round++) {
        const key = `batches/b/generations/0000000${round}`;
        const wins = await Promise.all(
          Array.from({ length: 20 }, (_none, i) => stores[i % 2]?.putIfAbsent(key, text(`writer ${i}`))),
        );
        expect(wins.filter(Boolean)).toHaveLength(1);
        expect(shown(await stores[0]?.get(key))).toBe(`writer ${wins.indexOf(true)}`);
      }
    });

    it("leaves what is there alone when something is put where nothing should be", async () => {
      const store = await start();
      expect(await store.putIfAbsent("events/failed.json", text("one"))).toBe(true);
      expect(await store.putIfAbsent("events/failed.json", text("two"))).toBe(false);
      expect(shown(await store.get("events/failed.json"))).toBe("one");
      await store.remove("events/failed.json");
      expect(await store.putIfAbsent("events/failed.json", text("three"))).toBe(true);
    });

    it("lists by key, below a prefix, behind a key", async () => {
      const store = await start();
      const keys = ["l/a-b", "l/a.b", "l/a/b", "l/a/c/d", "l/a0", "l/B", "l/b/z", "l/z", "la/x", "k/x"];
      const sorted = keys.filter((key) => key.startsWith("l/")).sort();
      for (const key of keys) await store.put(key, text(key));
      expect(await keysOf(store.list("l/"))).toEqual(sorted);
      for (const after of [...sorted, "l/a", "l/a/c", "l/0", "l/zz", "k/x", "la/x"])
        expect([after, await keysOf(store.list("l/", { after }))]).toEqual([
          after,
          sorted.filter((key) => key > after),
        ]);
      expect(await keysOf(store.list("nothing/here/"))).toEqual([]);
      const sizes: number[] = [];
      for await (const { bytes } of store.list("l/a/")) sizes.push(bytes);
      expect(sizes).toEqual([5, 7]);
    });

    it("lists and removes more than a page of objects", async () => {
      const store = await start();
      const keys = Array.from({ length: 1_203 }, (_none, i) => `m/${String(i).padStart(5, "0")}`);
      for (let at = 0; at < keys.length; at += 50)
        await Promise.all(keys.slice(at, at + 50).map((key) => store.put(key, text("x"))));
      await store.put("mm/other", text("x"));
      expect(await keysOf(store.list("m/"))).toEqual(keys);
      expect(await keysOf(store.list("m/", { after: "m/01100" }))).toEqual(keys.slice(1_101));
      await store.removeAll("m/");
      expect(await keysOf(store.list("m/"))).toEqual([]);
      expect(await keysOf(store.list("mm/"))).toEqual(["mm/other"]);
    }, 60_000);

    it("removes, and does not mind where there is nothing", async () => {
      const store = await start();
      await store.put("files/a/content", text("a"));
      await store.put("files/a/record.json", text("a"));
      await store.remove("files/a/content");
      await store.remove("files/a/content");
      await store.remove("files/nothing");
      await store.remove("files/a");
      expect(await keysOf(store.list("files/"))).toEqual(["files/a/record.json"]);
      await store.removeAll("files/a/");
      await store.removeAll("files/a/");
      expect(await store.get("files/a/record.json")).toBeUndefined();
      await store.put("files/a/record.json", text("again"));
      expect(shown(await store.get("files/a/record.json"))).toBe("again");
    });

    it("appends to a log whose pieces others read while it grows", async () => {
      const connect = await place();
      const [writer, reader] = [connect(), connect()];
      const log = writer.openLog("segments/w-1");
      const texts = Array.from({ length: 30 }, (_none, i) => `record ${i} `.repeat(i + 1));
      // Asked for at once, and carried out in turn.
      const pointers = await Promise.all(texts.map((record) => log.append(text(record))));
      for (const [i, { key, offset }] of pointers.entries()) {
        expect(key.startsWith("segments/w-1/")).toBe(true);
        const length = texts[i]?.length ?? 0;
        expect(shown(await reader.get(key, { offset, length }))).toBe(texts[i]);
      }
      expect(await allText(reader, "segments/")).toBe(texts.join(""));
      await log.append(text("the last"));
      expect(await allText(reader, "segments/")).toBe(`${texts.join("")}the last`);
      await log.close();
      await expect(log.append(text("more"))).rejects.toMatchObject({ code: "internal" });
    });

    it("goes on behind what an earlier log of that key has written", async () => {
      const connect = await place();
      for (const record of ["one", "two", "three"]) {
        const log = connect().openLog("segments/w-1");
        await log.append(text(record));
        await log.close();
      }
      expect(await allText(connect(), "segments/w-1/")).toBe("onetwothree");
    });

    it.each([
      "",
      "/a",
      "a/",
      "a//b",
      "../a",
      "a/../b",
      "a/..",
      "./a",
      "a\0b",
      "a\\b",
      "a%2fb",
      "a b",
      "ä",
      "~incoming/x",
      "C:",
      `a/${"x".repeat(201)}`,
      `${"abc/".repeat(200)}d`,
    ])("refuses the key %j", async (key) => {
      const store = await start();
      const refusal = { code: "invalid_request" };
      await expect(store.put(key, text("x"))).rejects.toMatchObject(refusal);
      await expect(store.putIfAbsent(key, text("x"))).rejects.toMatchObject(refusal);
      await expect(store.head(key)).rejects.toMatchObject(refusal);
      await expect(store.get(key)).rejects.toMatchObject(refusal);
      await expect(collected(store.read(key))).rejects.toMatchObject(refusal);
      await expect(store.remove(key)).rejects.toMatchObject(refusal);
      await expect(store.removeAll(`${key}/`)).rejects.toMatchObject(refusal);
      await expect(keysOf(store.list(`${key}/`))).rejects.toMatchObject(refusal);
      expect(() => store.openLog(key)).toThrow(expect.objectContaining(refusal));
    });

    it("refuses a prefix without a slash: a and ab have it in common", async () => {
      const store = await start();
      await expect(store.removeAll("a")).rejects.toMatchObject({ code: "invalid_request" });
      await expect(keysOf(store.list("a"))).rejects.toMatchObject({ code: "invalid_request" });
    });
  });
}

function text(content: string): Uint8Array {
  return Buffer.from(content);
}

function shown(bytes: Uint8Array | undefined): string | undefined {
  return bytes === undefined ? undefined : Buffer.from(bytes).toString();
}

async function* chunks(parts: readonly Uint8Array[]): AsyncGenerator<Uint8Array> {
  yield* parts;
}

async function collected(content: AsyncIterable<Uint8Array>): Promise<Buffer> {
  const parts: Uint8Array[] = [];
  for await (const part of content) parts.push(part);
  return Buffer.concat(parts);
}

async function keysOf(objects: AsyncIterable<ObjectInfo>): Promise<string[]> {
  const keys: string[] = [];
  for await (const { key } of objects) keys.push(key);
  return keys;
}

async function allText(store: ObjectStore, prefix: string): Promise<string> {
  const parts: Buffer[] = [];
  for (const key of await keysOf(store.list(prefix))) parts.push(await collected(store.read(key)));
  return Buffer.concat(parts).toString();
}
