import { execFile } from "node:child_process";
import { mkdir, mkdtemp, readdir, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { MusterError } from "@muster/base";
import { createDiskObjectStore } from "@muster/orchestrator/testing";
import { afterAll, describe, expect, it, onTestFinished } from "vitest";

const run = promisify(execFile);
const folder = await mkdtemp(join(tmpdir(), "muster-full-disk-"));
afterAll(() => rm(folder, { recursive: true, force: true }));

let mounts = 0;

/** A file system of 4 MiB. */
async function mountSmallDisk(): Promise<{ readonly path: string; unmount(): Promise<void> }> {
  const path = join(folder, `disk-${++mounts}`);
  await mkdir(path);
  await run("mount", ["-t", "tmpfs", "-o", "size=4m", "tmpfs", path]);
  return { path, unmount: async () => void (await run("umount", ["-l", path])) };
}

async function whyNoMount(): Promise<string | undefined> {
  try {
    const { unmount } = await mountSmallDisk();
    await unmount();
    return undefined;
  } catch (error) {
    return error instanceof Error ? error.message.trim().replaceAll("\n", " ") : String(error);
  }
}

const problem = await whyNoMount();
const note = problem === undefined ? "" : ` (skipped, no file system may be mounted: ${problem})`;
const mebibyte = 1024 * 1024;

describe.skipIf(problem !== undefined)(`an object store on a full disk${note}`, () => {
  const open = async () => {
    const { path, unmount } = await mountSmallDisk();
    onTestFinished(unmount);
    const directory = join(path, "store");
    const store = createDiskObjectStore({ directory });
    const keys = async () => {
      const found: string[] = [];
      for await (const { key, bytes } of store.list("x/")) found.push(`${key} ${bytes}`);
      return found;
    };
    return { directory, store, keys };
  };
  const isFull = (directory: string) => ({ code: "store_full", message: expect.stringContaining(directory) });

  it("keeps nothing of what it has no room for, and goes on when there is room again", async () => {
    const { directory, store, keys } = await open();
    await store.put("x/a", Buffer.alloc(3 * mebibyte));
    const free = await store.freeBytes();
    expect(free).toBeLessThanOrEqual(mebibyte);
    await expect(store.put("x/b", Buffer.alloc(2 * mebibyte))).rejects.toMatchObject(isFull(directory));
    await expect(store.put("x/a", Buffer.alloc(2 * mebibyte))).rejects.toMatchObject(isFull(directory));
    await expect(store.putIfAbsent("x/c", Buffer.alloc(2 * mebibyte))).rejects.toMatchObject(
      isFull(directory),
    );
    expect(await keys()).toEqual([`x/a ${3 * mebibyte}`]);
    expect(await readdir(join(directory, "~incoming"))).toEqual([]);
    expect(await store.freeBytes()).toBe(free);

    await store.remove("x/a");
    expect(await store.putIfAbsent("x/c", Buffer.alloc(2 * mebibyte))).toBe(true);
    expect(await keys()).toEqual([`x/c ${2 * mebibyte}`]);
  });

  it("has in its logs what was appended and nothing torn, before and after there is room again", async () => {
    const { directory, store } = await open();
    await store.put("y/ballast", Buffer.alloc(mebibyte));
    const log = store.openLog("x/w");
    const expected = new Map<string, Buffer[]>();
    const append = async (number: number) => {
      // No multiple of a page: the last one is cut in its middle.
      const record = Buffer.alloc(70_001, number);
      const { key, offset } = await log.append(record);
      const before = expected.get(key) ?? [];
      expect(offset).toBe(before.length * record.length);
      expected.set(key, [...before, record]);
    };
    const failure = await untilItFails(append);
    expect(failure).toMatchObject(isFull(directory));
    await expect(append(200)).rejects.toMatchObject({ code: "store_full" });

    await store.remove("y/ballast");
    for (let number = 100; number < 104; number++) await append(number);
    await log.close();
    expect(expected.size).toBe(2);
    for (const [key, records] of expected)
      expect(Buffer.concat(records).equals((await store.get(key)) ?? Buffer.alloc(0))).toBe(true);
    const pieces = await readdir(join(directory, "x/w"));
    expect(pieces.length).toBeGreaterThanOrEqual(2);
    for (const piece of pieces)
      expect((await store.head(`x/w/${piece}`))?.bytes).toBe(
        (expected.get(`x/w/${piece}`)?.length ?? 0) * 70_001,
      );
  });
});

async function untilItFails(append: (number: number) => Promise<void>): Promise<MusterError> {
  for (let number = 0; number < 100; number++)
    try {
      await append(number);
    } catch (error) {
      return MusterError.from(error);
    }
  throw new Error("4 MiB took 7 MB");
}
