import {
  chmod,
  lstat,
  mkdir,
  mkdtemp,
  readdir,
  readFile,
  rename,
  rm,
  stat,
  symlink,
  utimes,
  writeFile,
} from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, it, onTestFinished } from "vitest";
import type { ObjectStore } from "../../ports/object-store.ts";
import { listObjects } from "./list-objects.ts";
import { createDiskObjectStore } from "./object-store.ts";

async function folder(): Promise<string> {
  const path = await mkdtemp(join(tmpdir(), "muster-objects-"));
  onTestFinished(() => rm(path, { recursive: true, force: true }));
  return path;
}

const text = (content: string) => Buffer.from(content);

async function keysOf(store: ObjectStore, prefix: string): Promise<string[]> {
  const keys: string[] = [];
  for await (const { key } of store.list(prefix)) keys.push(key);
  return keys;
}

describe("the directory of an object store", () => {
  it("is for its owner alone", async () => {
    const directory = join(await folder(), "store");
    const store = createDiskObjectStore({ directory });
    await store.put("files/a/content", text("x"));
    await store.putIfAbsent("files/a/record.json", text("x"));
    const log = store.openLog("batches/b/segments/w");
    await log.append(text("x"));
    await log.close();
    const modes: Record<string, string> = {};
    for (const entry of await readdir(directory, { recursive: true, withFileTypes: true })) {
      const { mode } = await stat(join(entry.parentPath, entry.name));
      modes[entry.name] = (mode & 0o777).toString(8);
    }
    expect((await stat(directory)).mode & 0o777).toBe(0o700);
    expect(modes).toEqual({
      ...{ "~incoming": "700", files: "700", a: "700", content: "600", "record.json": "600" },
      ...{ batches: "700", b: "700", segments: "700", w: "700", "000000": "600" },
    });
  });

  it("is left neither by a linked directory nor by a linked file", async () => {
    const root = await folder();
    const [directory, outside] = [join(root, "store"), join(root, "outside")];
    const store = createDiskObjectStore({ directory });
    await store.put("files/real/content", text("inside"));
    await mkdir(outside);
    await writeFile(join(outside, "secret"), "outside");
    await symlink(outside, join(directory, "files/linked"));
    await symlink(join(outside, "secret"), join(directory, "files/real/secret"));
    const refusal = { code: "store_unavailable", message: expect.stringContaining("symbolic link") };

    await expect(store.get("files/linked/secret")).rejects.toMatchObject(refusal);
    await expect(store.head("files/linked/secret")).rejects.toMatchObject(refusal);
    await expect(store.put("files/linked/new", text("x"))).rejects.toMatchObject(refusal);
    await expect(store.put("files/linked/deep/new", text("x"))).rejects.toMatchObject(refusal);
    await expect(store.putIfAbsent("files/linked/new", text("x"))).rejects.toMatchObject(refusal);
    await expect(store.openLog("files/linked/log").append(text("x"))).rejects.toMatchObject(refusal);
    await expect(store.remove("files/linked/secret")).rejects.toMatchObject(refusal);
    await expect(store.removeAll("files/linked/")).rejects.toMatchObject(refusal);
    await expect(keysOf(store, "files/linked/")).rejects.toMatchObject(refusal);
    await expect(store.get("files/real/secret")).rejects.toMatchObject(refusal);
    expect(await store.head("files/real/secret")).toBeUndefined();
    expect(await keysOf(store, "files/")).toEqual(["files/real/content"]);

    // Writing and removing act on the link, not on what it leads to.
    await store.put("files/real/secret", text("ours"));
    await store.removeAll("files/");
    expect(await readFile(join(outside, "secret"), "utf8")).toBe("outside");
    expect(await readdir(outside)).toEqual(["secret"]);
  });

  it("is refused a directory that was swapped for a link after it was known", async () => {
    const root = await folder();
    const [directory, outside] = [join(root, "store"), join(root, "outside")];
    const store = createDiskObjectStore({ directory });
    await store.put("files/a/content", text("inside"));
    await rename(join(directory, "files/a"), outside);
    await symlink(outside, join(directory, "files/a"));
    await expect(store.put("files/a/content", text("x"))).rejects.toMatchObject({
      code: "store_unavailable",
    });
    expect(await readFile(join(outside, "content"), "utf8")).toBe("inside");
  });

  it("may itself be a link", async () => {
    const root = await folder();
    await mkdir(join(root, "real"));
    await symlink(join(root, "real"), join(root, "link"));
    const store = createDiskObjectStore({ directory: join(root, "link") });
    await store.put("files/a/content", text("x"));
    expect(await readFile(join(root, "real/files/a/content"), "utf8")).toBe("x");
  });

  it("loses what crashes left in it when that is older than a day", async () => {
    const directory = await folder();
    await createDiskObjectStore({ directory }).ready();
    const incoming = join(directory, "~incoming");
    await writeFile(join(incoming, "old"), "torn");
    await writeFile(join(incoming, "new"), "torn");
    const yesterday = Date.now() / 1000 - 25 * 3600;
    await utimes(join(incoming, "old"), yesterday, yesterday);
    await createDiskObjectStore({ directory }).ready();
    expect(await readdir(incoming)).toEqual(["new"]);
  });

  it("shows nothing that is not an object", async () => {
    const directory = await folder();
    const store = createDiskObjectStore({ directory });
    await store.put("files/a/content", text("x"));
    await writeFile(join(directory, "files/a/half~"), "x");
    await writeFile(join(directory, "files/.DS Store"), "x");
    expect(await keysOf(store, "files/")).toEqual(["files/a/content"]);
  });

  it("cannot have a key that another begins with, and says so", async () => {
    const directory = await folder();
    const store = createDiskObjectStore({ directory });
    await store.put("a/b", text("x"));
    const refusal = { code: "invalid_request", message: expect.stringContaining("a and a/b") };
    await expect(store.put("a", text("x"))).rejects.toMatchObject(refusal);
    await expect(store.putIfAbsent("a", text("x"))).rejects.toMatchObject(refusal);
    await expect(store.put("a/b/c", text("x"))).rejects.toMatchObject(refusal);
    expect(await readdir(join(directory, "~incoming"))).toEqual([]);
  });

  it("is made anew when somebody has removed it", async () => {
    const directory = join(await folder(), "store");
    const store = createDiskObjectStore({ directory });
    await store.put("files/a/content", text("x"));
    await rm(directory, { recursive: true });
    expect(await store.get("files/a/content")).toBeUndefined();
    await store.put("files/a/content", text("z"));
    expect(Buffer.from((await store.get("files/a/content")) ?? []).toString()).toBe("z");
  });

  it("says what is wrong where it cannot be one", async () => {
    const root = await folder();
    await writeFile(join(root, "file"), "x");
    const store = createDiskObjectStore({ directory: join(root, "file", "store") });
    await expect(store.ready()).rejects.toMatchObject({
      code: "store_unavailable",
      message: expect.stringContaining(join(root, "file", "store")),
    });
  });

  it.skipIf(process.getuid?.() === 0)("names itself and what to check where it may not be read", async () => {
    const directory = await folder();
    const store = createDiskObjectStore({ directory });
    await store.put("files/a/content", text("x"));
    await chmod(join(directory, "files"), 0o000);
    onTestFinished(() => chmod(join(directory, "files"), 0o700));
    await expect(store.get("files/a/content")).rejects.toMatchObject({
      code: "store_unavailable",
      message: expect.stringContaining(directory),
    });
  });

  it("lists by key also where it has more names than are kept at once", async () => {
    const directory = await folder();
    const store = createDiskObjectStore({ directory });
    const keys = Array.from({ length: 60 }, (_none, i) => `l/${i % 7}${i % 3 === 0 ? "/" : "-"}${i}`).sort();
    for (const key of keys) await store.put(key, text("x"));
    for (const after of ["", "3/", "3/33", "5-", "9"]) {
      const found: string[] = [];
      for await (const { key } of listObjects(join(directory, "l"), "l/", { after, namesAtOnce: 4 }))
        found.push(key);
      expect(found).toEqual(keys.filter((key) => key > `l/${after}`));
    }
  });

  it("has a log go on in a new piece when one is full", async () => {
    const directory = await folder();
    const store = createDiskObjectStore({ directory, pieceBytes: 10 });
    const log = store.openLog("s/w");
    const pointers = [];
    for (const record of ["1234", "123456", "1", "longer than a piece", "x"])
      pointers.push(await log.append(text(record)));
    await log.close();
    expect(pointers).toEqual([
      { key: "s/w/000000", offset: 0 },
      { key: "s/w/000000", offset: 4 },
      { key: "s/w/000001", offset: 0 },
      { key: "s/w/000002", offset: 0 },
      { key: "s/w/000003", offset: 0 },
    ]);
    expect((await lstat(join(directory, "s/w/000002"))).size).toBe(19);
  });

  it("takes objects while their neighbours are removed", async () => {
    const store = createDiskObjectStore({ directory: await folder() });
    const writing = Array.from({ length: 40 }, async (_none, i) => {
      await store.put(`t/d${i % 2}/o${i}`, text("x"));
      if (i % 5 === 0) await store.removeAll(`t/d${i % 2}/`);
    });
    await Promise.all(writing);
    await store.put("t/d0/last", text("x"));
    expect(await keysOf(store, "t/d0/")).toContain("t/d0/last");
  });
});
