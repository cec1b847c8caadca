import { spawn } from "node:child_process";
import { randomBytes } from "node:crypto";
import { once } from "node:events";
import { mkdtemp, readdir, readFile, rm, utimes, writeFile } from "node:fs/promises";
import { hostname, tmpdir } from "node:os";
import { join } from "node:path";
import { deferred, silentLog } from "@muster/base";
import { afterEach, beforeEach, expect, test } from "vitest";
import { createModelDownload } from "./model-download.ts";
import { type FakeModelServer, sha256Of, startFakeModelServer } from "./model-server.fake.ts";

const content = randomBytes(512 * 1024);
const sha256 = sha256Of(content);
let server: FakeModelServer;
let folder: string;
let target: string;
let url: string;

beforeEach(async () => {
  server = await startFakeModelServer();
  folder = await mkdtemp(join(tmpdir(), "muster-lock-"));
  target = join(folder, "a.gguf");
  url = server.put("/a.gguf", content);
});

afterEach(async () => {
  await server.close();
  await rm(folder, { recursive: true });
});

function download(onProgress: (doneBytes: number) => void = () => {}, signal = new AbortController().signal) {
  return createModelDownload({ reach: server.reach, log: silentLog, random: () => 0 }).fetch({
    url,
    target,
    token: undefined,
    sha256,
    bytes: content.length,
    signal,
    onProgress: (progress) => onProgress(progress.doneBytes),
    inspect: async () => {},
  });
}

async function writeLock(pid: number): Promise<void> {
  await writeFile(`${target}.lock`, JSON.stringify({ pid, host: hostname(), token: "someone" }));
}

/** Unfinished bytes, such as a process that died in the middle leaves. */
async function writePart(bytes: number): Promise<void> {
  await writeFile(`${target}.part`, content.subarray(0, bytes));
  await writeFile(
    `${target}.part.json`,
    JSON.stringify({ url, etag: '"v1"', totalBytes: content.length, sha256 }),
  );
}

async function expectWhole(): Promise<void> {
  expect(sha256Of(await readFile(target))).toBe(sha256);
  expect(await readdir(folder)).toEqual(["a.gguf"]);
}

test("a second download of the same file waits, shows the progress and takes the result", async () => {
  const release = deferred<void>();
  server.mishap({ kind: "pause", until: release.promise });
  const begun = deferred<void>();
  const first = download(() => begun.resolve());
  await begun.promise;
  const watched = deferred<void>();
  const second = download(() => watched.resolve());
  await watched.promise;
  release.resolve();
  expect(await first).toEqual({ bytes: content.length, sha256 });
  expect(await second).toEqual(await first);
  expect(server.seen).toHaveLength(1);
  await expectWhole();
});

test("many downloads of the same file at once leave one good file", async () => {
  const all = await Promise.all(Array.from({ length: 6 }, () => download()));
  expect(new Set(all.map((file) => file.sha256))).toEqual(new Set([sha256]));
  expect(server.seen).toHaveLength(1);
  await expectWhole();
});

test("the lock of a process that dies is taken over, with the bytes that it has fetched", async () => {
  const child = spawn(process.execPath, ["-e", "setInterval(() => {}, 1000)"], { stdio: "ignore" });
  await once(child, "spawn");
  await writeLock(child.pid ?? 0);
  await writePart(1000);
  const waiting = deferred<void>();
  const running = download(() => waiting.resolve());
  await waiting.promise;
  expect(server.seen).toHaveLength(0);
  child.kill("SIGKILL");
  await running;
  expect(server.seen.map((request) => request.range)).toEqual(["bytes=1000-"]);
  await expectWhole();
});

test("a lock with our own process number from an earlier life is taken over", async () => {
  await writeLock(process.pid);
  await download();
  await expectWhole();
});

test("the lock of a holder that fell silent is taken over without sharing its unfinished file", async () => {
  await writeLock(process.ppid);
  await writePart(1000);
  await utimes(`${target}.lock`, new Date(0), new Date(0));
  await download();
  expect(server.seen.map((request) => request.range)).toEqual([undefined]);
  await expectWhole();
});

test("a lock that cannot be read is waited for, and goes once it is old", async () => {
  await writeFile(`${target}.lock`, "");
  await writePart(1000);
  const waiting = deferred<void>();
  const running = download(() => waiting.resolve());
  await waiting.promise;
  await utimes(`${target}.lock`, new Date(0), new Date(0));
  await running;
  await expectWhole();
});

test("whoever waits for another's download can be cancelled", async () => {
  await writeLock(process.ppid);
  await writePart(1000);
  const controller = new AbortController();
  const running = download(() => controller.abort(), controller.signal);
  await expect(running).rejects.toMatchObject({ code: "cancelled" });
  expect(await readdir(folder)).toContain("a.gguf.lock");
});
