import { mkdtemp, readdir, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, it, onTestFinished } from "vitest";
import { checkTarget, writeWholeFile } from "./whole-file.ts";

async function directoryOf(): Promise<string> {
  const directory = await mkdtemp(join(tmpdir(), "muster-cli-"));
  onTestFinished(() => rm(directory, { recursive: true }));
  return directory;
}

describe("a whole file", () => {
  it("has its name once it is whole, and replaces what was there", async () => {
    const directory = await directoryOf();
    const path = join(directory, "a.txt");
    for (const round of ["first", "second"]) {
      const content = async function* () {
        yield round;
        expect(await readFile(path, "utf8").catch(() => "none")).toBe(round === "first" ? "none" : "first!");
        yield new TextEncoder().encode("!");
      };
      await writeWholeFile(path, content());
      expect(await readFile(path, "utf8")).toBe(`${round}!`);
    }
    expect(await readdir(directory)).toEqual(["a.txt"]);
  });

  it("leaves nothing behind where its content or the caller gives up", async () => {
    const directory = await directoryOf();
    const error = new Error("no more");
    const failing = async function* () {
      yield "some";
      throw error;
    };
    await expect(writeWholeFile(join(directory, "a"), failing())).rejects.toBe(error);
    const abort = new AbortController();
    const endless = async function* () {
      yield "some";
      abort.abort();
      await new Promise(() => {});
    };
    await expect(writeWholeFile(join(directory, "a"), endless(), abort.signal)).rejects.toMatchObject({
      name: "AbortedError",
    });
    expect(await readdir(directory)).toEqual([]);
  });

  it("is checked beforehand", async () => {
    const directory = await directoryOf();
    const path = join(directory, "a");
    await checkTarget(path, { mayReplace: false });
    await writeWholeFile(path, (async function* () {})());
    await expect(checkTarget(path, { mayReplace: false })).rejects.toThrow(/is there already.*--force/);
    await checkTarget(path, { mayReplace: true });
    await expect(checkTarget(join(directory, "no", "a"), { mayReplace: true })).rejects.toThrow(
      /Cannot write to/,
    );
  });
});
