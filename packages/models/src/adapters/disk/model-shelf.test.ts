import { mkdir, mkdtemp, readdir, rm, utimes, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { ManualClock, silentLog } from "@muster/base";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { writeManifest } from "./manifest.ts";
import { DiskModelShelf, type DiskModelShelfOptions } from "./model-shelf.ts";

let directory: string;
const kept = new Set<string>();
const clock = new ManualClock();
const disk = { freeBytes: 1_000_000_000, totalBytes: 1_000_000_000 };

beforeEach(async () => {
  directory = join(await mkdtemp(join(tmpdir(), "muster-shelf-")), "models");
  kept.clear();
  disk.freeBytes = 1_000_000_000;
  clock.advance(1_000_000_000);
});

afterEach(() => rm(dirname(directory), { recursive: true }));

function shelf(over: Partial<DiskModelShelfOptions> = {}) {
  return new DiskModelShelf({
    directory,
    budgetBytes: 1_000,
    log: silentLog,
    clock,
    isKept: (source) => kept.has(source),
    disk: async () => disk,
    ...over,
  });
}

const pathOf = (name: string) => join(directory, `hub/${name}.gguf`);

/** A file that was fetched, and used so long ago. */
async function put(name: string, bytes: number, agoMs: number): Promise<string> {
  const path = pathOf(name);
  await mkdir(dirname(path), { recursive: true });
  await writeFile(path, Buffer.alloc(bytes));
  const at = new Date(clock.wallMs() - agoMs);
  await utimes(path, at, at);
  await writeManifest(path, { source: `hf:${name}`, sha256: "0".repeat(64) });
  return path;
}

async function names(): Promise<string[]> {
  const entries = await readdir(join(directory, "hub"));
  return entries.filter((name) => /\.gguf(\.part)?$/.test(name)).sort();
}

describe("a model shelf", () => {
  it("is empty, and has room, where nothing has been fetched", async () => {
    expect(await shelf().files()).toEqual([]);
    expect(await shelf().space()).toEqual({ freeDiskBytes: 1_000_000_000, usedBytes: 0, budgetBytes: 1_000 });
    await shelf().makeRoom(pathOf("new"), 1_000);
  });

  it("removes what was not used for longest, with all that belongs to it", async () => {
    await put("old", 400, 3_000);
    await put("older", 400, 9_000);
    await shelf().touch(pathOf("older"));
    await shelf().makeRoom(pathOf("new"), 300);
    expect(await readdir(join(directory, "hub"))).toEqual([
      "older.gguf",
      "older.gguf.json",
      "older.gguf.use.json",
    ]);
  });

  it("keeps what is loaded, pinned or read, and what people put there themselves", async () => {
    const here = shelf();
    await put("loaded", 200, 9_000);
    kept.add("hf:loaded");
    await here.setPinned(await put("pinned", 200, 8_000), true);
    const release = here.hold(await put("read", 200, 7_000));
    await writeFile(pathOf("mine"), Buffer.alloc(5_000));
    await put("spare", 200, 1_000);
    await here.makeRoom(pathOf("new"), 400);
    expect(await names()).toEqual(["loaded.gguf", "mine.gguf", "pinned.gguf", "read.gguf"]);
    here.settle(pathOf("new"));

    await expect(here.makeRoom(pathOf("new"), 600)).rejects.toMatchObject({
      code: "store_full",
      message: expect.stringContaining("short of 200 bytes"),
    });
    expect(await here.remove(pathOf("read"))).toBe("held");
    release();
    release();
    expect(await here.remove(pathOf("read"))).toBe("removed");
    expect(await here.remove(pathOf("read"))).toBe("missing");
    expect(await here.remove(pathOf("mine"))).toBe("missing");
  });

  it("promises the same room to nobody else until the file has come", async () => {
    const here = shelf();
    await Promise.all([here.makeRoom(pathOf("a"), 600), here.makeRoom(pathOf("b"), 400)]);
    await expect(here.makeRoom(pathOf("c"), 1)).rejects.toMatchObject({ code: "store_full" });
    // Asked again for the same file, after half of it has come.
    await mkdir(dirname(pathOf("a")), { recursive: true });
    await writeFile(`${pathOf("a")}.part`, Buffer.alloc(300));
    await here.makeRoom(pathOf("a"), 600);
    here.settle(pathOf("b"));
    await here.makeRoom(pathOf("c"), 400);
  });

  it("counts unfinished files, and removes those that nobody works on", async () => {
    await put("spare", 100, 5_000);
    await writeFile(`${pathOf("left")}.part`, Buffer.alloc(500));
    await writeFile(`${pathOf("busy")}.part`, Buffer.alloc(300));
    await writeFile(`${pathOf("busy")}.lock`, "{}");
    const longAgo = new Date(clock.wallMs() - 9_000);
    await utimes(`${pathOf("left")}.part`, longAgo, longAgo);
    expect(await shelf().space()).toMatchObject({ usedBytes: 900 });
    await shelf().makeRoom(pathOf("new"), 500);
    expect(await names()).toEqual(["busy.gguf.part", "spare.gguf"]);
  });

  it("removes an unfinished file whose fetcher has died without a word", async () => {
    await put("spare", 100, 5_000);
    await writeFile(`${pathOf("orphan")}.part`, Buffer.alloc(900));
    await writeFile(`${pathOf("orphan")}.lock`, "{}");
    const longAgo = new Date(clock.wallMs() - 11 * 60_000);
    for (const end of ["part", "lock"]) await utimes(`${pathOf("orphan")}.${end}`, longAgo, longAgo);
    await shelf().makeRoom(pathOf("new"), 800);
    expect(await names()).toEqual(["spare.gguf"]);
  });

  it("leaves a tenth of the disk free where there is no budget", async () => {
    const here = shelf({ budgetBytes: undefined });
    await put("old", 50, 9_000);
    disk.freeBytes = 100_000_100;
    await here.makeRoom(pathOf("new"), 100);
    expect(await names()).toEqual(["old.gguf"]);
    here.settle(pathOf("new"));
    await here.makeRoom(pathOf("new"), 150);
    expect(await names()).toEqual([]);
  });

  it("keeps what another process has in use, until that has been silent for long", async () => {
    const other = shelf({ self: "elsewhere:1" });
    await put("theirs", 900, 9_000);
    await other.touch(pathOf("theirs"));
    await expect(shelf().makeRoom(pathOf("new"), 500)).rejects.toMatchObject({ code: "store_full" });
    clock.advance(16 * 60_000);
    await shelf().makeRoom(pathOf("new"), 500);
    expect(await names()).toEqual([]);
  });

  it("keeps what several processes have in use as long as any of them has", async () => {
    await put("shared", 900, 9_000);
    await shelf({ self: "elsewhere:1" }).touch(pathOf("shared"));
    await shelf({ self: "here:2" }).touch(pathOf("shared"));
    const makeRoom = () => shelf({ self: "here:2" }).makeRoom(pathOf("new"), 500);
    await expect(makeRoom()).rejects.toMatchObject({ code: "store_full" });
    clock.advance(16 * 60_000);
    await makeRoom();
  });

  it("does not wait for a process of this machine that has ended", async () => {
    const { hostname } = await import("node:os");
    await put("theirs", 900, 9_000);
    // Numbers of processes do not go so high.
    await shelf({ self: `${hostname()}:${2 ** 30}` }).touch(pathOf("theirs"));
    await shelf().makeRoom(pathOf("new"), 500);
    expect(await names()).toEqual([]);
  });
});
