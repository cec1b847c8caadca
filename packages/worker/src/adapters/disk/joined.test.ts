import { mkdtemp, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, it, onTestFinished } from "vitest";
import { forgetJoined, readJoined, rememberJoined } from "./joined.ts";

const joined = { address: "[fd00::1]:11501", name: "Muster on lab", agreedAt: "2026-01-01T00:00:00.000Z" };

async function directory(): Promise<string> {
  const path = await mkdtemp(join(tmpdir(), "muster-joined-"));
  onTestFinished(() => rm(path, { recursive: true, force: true }));
  return join(path, "data");
}

it("what was agreed on is kept for its owner alone, until it is forgotten", async () => {
  const data = await directory();
  expect(await readJoined(data)).toBeUndefined();
  await rememberJoined(data, joined);
  expect(await readJoined(data)).toEqual(joined);
  expect((await stat(join(data, "joined.json"))).mode & 0o077).toBe(0);
  await forgetJoined(data);
  await forgetJoined(data);
  expect(await readJoined(data)).toBeUndefined();
});

it("a file that is not one of ours counts as none", async () => {
  const data = await directory();
  await rememberJoined(data, joined);
  for (const text of ["", "null", "{}", '{"address":"no address"}', '{"address":5}']) {
    await writeFile(join(data, "joined.json"), text);
    expect(await readJoined(data)).toBeUndefined();
  }
});
