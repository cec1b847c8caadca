import { ManualClock, MusterError } from "@muster/base";
import { describe, expect, it } from "vitest";
import { timedId } from "../../core/batches/ids.ts";
import { objectKeys } from "../../core/batches/keys.ts";
import type { ObjectStore } from "../../ports/object-store.ts";
import { FileStore } from "./file-store.ts";
import { testStore } from "./ingest.fixture.ts";

const day = 86_400_000;

async function* bytes(...texts: readonly string[]): AsyncGenerator<Uint8Array> {
  for (const text of texts) yield Buffer.from(text);
}

async function start() {
  const store = await testStore();
  const clock = new ManualClock();
  const inUse = new Set<string>();
  let made = 0;
  const newId = (prefix: "file-") => timedId(prefix, clock.wallMs(), String(++made).padStart(20, "0"));
  const files = new FileStore({ store, clock, newId, inUse: async () => inUse });
  const add = (tenant: string, more: { readonly expiresAfterMs?: number } = {}) =>
    files.create({ tenant, filename: "a.jsonl", purpose: "batch", content: bytes("x\n", "y\n"), ...more });
  const page = { after: undefined, limit: 10, order: "desc", purpose: undefined } as const;
  const listed = async (tenant: string, over: Partial<Parameters<FileStore["list"]>[1]> = {}) => {
    const { files: found, hasMore } = await files.list(tenant, { ...page, ...over });
    return { ids: found.map(({ id }) => id), hasMore };
  };
  return { store, clock, files, add, listed, inUse };
}

async function keysOf(store: ObjectStore): Promise<string[]> {
  const keys: string[] = [];
  for (const prefix of ["files/", "tenants/"]) for await (const { key } of store.list(prefix)) keys.push(key);
  return keys;
}

async function textOf(content: AsyncIterable<Uint8Array>): Promise<string> {
  let text = "";
  for await (const chunk of content) text += Buffer.from(chunk).toString();
  return text;
}

describe("files", () => {
  it("come back as they were, for their tenant alone", async () => {
    const { files, add, listed } = await start();
    const file = await add("design");
    expect(file).toMatchObject({ tenant: "design", filename: "a.jsonl", purpose: "batch", bytes: 4 });
    expect(await files.get("design", file.id)).toEqual(file);
    expect(await textOf(files.content("design", file.id))).toBe("x\ny\n");
    await expect(files.get("lab", file.id)).rejects.toMatchObject({ code: "not_found" });
    await expect(textOf(files.content("lab", file.id))).rejects.toMatchObject({ code: "not_found" });
    await expect(files.remove("lab", file.id)).rejects.toMatchObject({ code: "not_found" });
    expect((await listed("lab")).ids).toEqual([]);
  });

  it.each([
    "",
    "x",
    "../../etc/passwd",
    "file-",
    `file-${"0".repeat(33)}`,
    `file-${"A".repeat(32)}`,
    "file-%00",
  ])("with an id like %j are not there", async (id) => {
    const { files } = await start();
    await expect(files.get("design", id)).rejects.toMatchObject({ code: "not_found" });
  });

  it("are listed newest first, page by page, or oldest first", async () => {
    const { clock, add, listed, files } = await start();
    const ids: string[] = [];
    for (let i = 0; i < 5; i++) {
      ids.push((await add("design")).id);
      clock.advance(1);
    }
    await add("lab");
    const newest = [...ids].reverse();
    expect(await listed("design", { limit: 2 })).toEqual({ ids: newest.slice(0, 2), hasMore: true });
    expect(await listed("design", { limit: 2, after: newest[1] })).toEqual({
      ids: newest.slice(2, 4),
      hasMore: true,
    });
    expect(await listed("design", { limit: 2, after: newest[3] })).toEqual({
      ids: newest.slice(4),
      hasMore: false,
    });
    expect(await listed("design", { order: "asc", after: ids[0] })).toEqual({
      ids: ids.slice(1),
      hasMore: false,
    });
    const [third = ""] = ids.slice(2);
    await files.remove("design", third);
    expect((await listed("design")).ids).toEqual(newest.filter((id) => id !== third));
    expect((await listed("design", { purpose: "batch_output" })).ids).toEqual([]);
  });

  it("that expire are gone at that moment, and removed by the next sweep", async () => {
    const { store, clock, files, add, listed } = await start();
    const file = await add("design", { expiresAfterMs: 3_600_000 });
    const kept = await add("design");
    clock.advance(3_599_999);
    expect(await files.get("design", file.id)).toEqual(file);
    clock.advance(1);
    await expect(files.get("design", file.id)).rejects.toMatchObject({ code: "not_found" });
    expect((await listed("design")).ids).toEqual([kept.id]);
    await files.sweep(clock.wallMs());
    expect((await keysOf(store)).filter((key) => key.includes(file.id))).toEqual([]);
    expect(await textOf(files.content("design", kept.id))).toBe("x\ny\n");
  });

  it("that a batch reads can be neither removed nor swept", async () => {
    const { store, clock, files, add, inUse } = await start();
    const file = await add("design", { expiresAfterMs: 3_600_000 });
    inUse.add(file.id);
    await expect(files.remove("design", file.id)).rejects.toMatchObject({ code: "invalid_request" });
    clock.advance(3_600_000);
    await files.sweep(clock.wallMs());
    expect(await store.head(objectKeys.fileContent(file.id))).toBeDefined();
    inUse.clear();
    await files.sweep(clock.wallMs());
    expect(await keysOf(store)).toEqual([]);
  });

  it("whose content breaks off leave nothing", async () => {
    const { store, files } = await start();
    async function* broken(): AsyncGenerator<Uint8Array> {
      yield Buffer.from("x");
      throw new MusterError("cancelled", "The client has gone.");
    }
    await expect(files.receive(broken())).rejects.toMatchObject({ code: "cancelled" });
    await expect(files.receive(bytes("12345"), 4)).rejects.toMatchObject({ code: "request_too_large" });
    const received = await files.receive(bytes("1234"), 4);
    await received.discard();
    expect(await keysOf(store)).toEqual([]);
  });

  it("that a crash cut off are swept after a day, not while they may still arrive", async () => {
    const { store, files } = await start();
    await files.receive(bytes("never kept"));
    // The store dates objects by the time of the machine.
    await files.sweep(Date.now());
    expect(await keysOf(store)).toHaveLength(1);
    await files.sweep(Date.now() + 2 * day);
    expect(await keysOf(store)).toEqual([]);
  });

  it("of output are written once more without harm", async () => {
    const { files, listed } = await start();
    const id = `file-${"0".repeat(31)}9`;
    const output = { id, tenant: "design", filename: "out.jsonl", createdAtMs: 5, expiresAtMs: undefined };
    const first = await files.putOutput({ ...output, content: bytes("a\n") });
    expect(await files.putOutput({ ...output, content: bytes("a\n") })).toEqual(first);
    expect(first).toMatchObject({ purpose: "batch_output", bytes: 2 });
    expect((await listed("design")).ids).toEqual([id]);
  });

  it("whose record is damaged are an error, not a gap", async () => {
    const { store, files, add } = await start();
    const file = await add("design");
    await store.put(objectKeys.fileRecord(file.id), Buffer.from('{"id"'));
    await expect(files.get("design", file.id)).rejects.toMatchObject({ code: "internal" });
  });
});
