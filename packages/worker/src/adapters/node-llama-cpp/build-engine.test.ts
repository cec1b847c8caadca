import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, it } from "vitest";
import { progressOf } from "./build-engine.ts";
import { addonName, engineFolder, findEngineBinary, recordPath } from "./engine-binary.ts";
import { canRun, runTool } from "./run-tool.ts";

let directory: string;
const signal = new AbortController().signal;

beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), "muster-build-"));
});
afterEach(() => rm(directory, { recursive: true, force: true }));

it("reads the progress of make and of ninja", () => {
  expect(progressOf("[ 45%] Building CXX object")).toBe(0.45);
  expect(progressOf("[37/148] Building CXX object")).toBe(0.25);
  expect(progressOf("-- Configuring done")).toBeUndefined();
});

it("finds a build only when its file and its record are there", async () => {
  const folder = engineFolder(directory);
  await mkdir(folder, { recursive: true });
  expect(findEngineBinary(directory)).toBeUndefined();
  await writeFile(join(folder, addonName), "");
  expect(findEngineBinary(directory)).toBeUndefined();
  await writeFile(recordPath(folder), '{"builtAt":"2026');
  expect(findEngineBinary(directory)).toBeUndefined();
  await writeFile(recordPath(folder), '{"builtAt":"2026-01-01T00:00:00Z"}');
  expect(findEngineBinary(directory)).toEqual({
    addonPath: join(folder, addonName),
    builtAt: "2026-01-01T00:00:00Z",
  });
});

it("tells the last lines of a tool that failed", async () => {
  const failing = runTool(process.execPath, ["-e", "console.error('no such header'); process.exit(2)"], {
    signal,
  });
  await expect(failing).rejects.toMatchObject({
    code: "model_load_failed",
    message: expect.stringMatching(/exit code 2[\s\S]*no such header/),
  });
});

it("stops a tool when it is told to", async () => {
  const abort = new AbortController();
  const running = runTool(process.execPath, ["-e", "console.log('on'); setInterval(() => {}, 1000)"], {
    signal: abort.signal,
    onLine: () => abort.abort(),
  });
  await expect(running).rejects.toMatchObject({ code: "cancelled" });
});

it("takes a program that is missing, or that fails, for one that cannot run", async () => {
  expect(await canRun(process.execPath)).toBe(true);
  expect(await canRun(process.execPath, ["-e", "process.exit(1)"])).toBe(false);
  expect(await canRun("muster-no-such-program")).toBe(false);
});
