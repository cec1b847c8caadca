import { randomBytes } from "node:crypto";
import { mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { deferred, MusterError, silentLog } from "@muster/base";
import { afterEach, beforeEach, describe, expect, onTestFinished, test } from "vitest";
import type { DownloadRequest, PartState } from "../../ports/model-download.ts";
import { createModelDownload, type ModelDownloadOptions } from "./model-download.ts";
import { type FakeModelServer, sha256Of, startFakeModelServer } from "./model-server.fake.ts";

const content = randomBytes(2 * 1024 * 1024);
const sha256 = sha256Of(content);
let server: FakeModelServer;
let folder: string;
let target: string;
let url: string;

beforeEach(async () => {
  server = await startFakeModelServer();
  folder = await mkdtemp(join(tmpdir(), "muster-download-"));
  target = join(folder, "a.gguf");
  url = server.put("/o/r/resolve/main/a.gguf", content);
});

afterEach(async () => {
  await server.close();
  await rm(folder, { recursive: true });
});

function download(over: Partial<DownloadRequest> = {}, options: Partial<ModelDownloadOptions> = {}) {
  const request: DownloadRequest = {
    url,
    target,
    token: undefined,
    sha256,
    bytes: content.length,
    signal: new AbortController().signal,
    onProgress() {},
    inspect: async () => {},
    ...over,
  };
  const retry = { baseMs: 1, maxMs: 1, maxFruitless: 3, maxTries: 10 };
  return createModelDownload({
    reach: server.reach,
    log: silentLog,
    random: () => 0,
    retry,
    ...options,
  }).fetch(request);
}

async function expectWhole(): Promise<void> {
  expect(sha256Of(await readFile(target))).toBe(sha256);
  expect(await readdir(folder)).toEqual(["a.gguf"]);
}

describe("a download", () => {
  test("that does not say how long it is asks for room as it comes, and ends where there is none", async () => {
    // Written in two pieces, it goes out without a length.
    const mute = createServer((_, response) => {
      response.write(content.subarray(0, 1_000));
      response.end(content.subarray(1_000));
    });
    await new Promise<void>((resolve) => mute.listen(0, "127.0.0.1", resolve));
    onTestFinished(() => void mute.close());
    const { port } = mute.address() as AddressInfo;
    const over = { url: `http://127.0.0.1:${port}/a.gguf`, sha256: undefined, bytes: undefined };
    const asked: number[] = [];
    await download({ ...over, makeRoom: async (bytes) => void asked.push(bytes) });
    expect(asked).toHaveLength(1);
    expect(asked[0]).toBeGreaterThanOrEqual(content.length);
    const makeRoom = () => Promise.reject(new MusterError("store_full", "no place"));
    await expect(download({ ...over, makeRoom })).rejects.toMatchObject({ code: "store_full" });
  });

  test("arrives whole and leaves nothing but the file", async () => {
    const progress: unknown[] = [];
    const arrived = await download({ onProgress: (step) => progress.push(step) });
    expect(arrived).toEqual({ bytes: content.length, sha256 });
    expect(progress.at(-1)).toEqual({ doneBytes: content.length, totalBytes: content.length });
    await expectWhole();
  });

  test("continues where the connection was cut", async () => {
    server.mishap({ kind: "cut", atFraction: 0.5 }, { kind: "cut", atFraction: 0.5 });
    await download();
    expect(server.seen[0]?.range).toBeUndefined();
    expect(server.seen[1]).toMatchObject({
      range: expect.stringMatching(/^bytes=[1-9]\d*-$/),
      ifRange: '"v1"',
    });
    expect(server.seen[2]?.range).toMatch(/^bytes=[1-9]\d*-$/);
    await expectWhole();
  });

  test("keeps what has arrived when it is cancelled, and continues from there the next time", async () => {
    const release = deferred<void>();
    server.mishap({ kind: "pause", until: release.promise });
    const controller = new AbortController();
    const running = download({ signal: controller.signal, onProgress: () => controller.abort() });
    await expect(running).rejects.toMatchObject({ code: "cancelled" });
    release.resolve();
    expect(await readdir(folder)).toEqual(["a.gguf.part", "a.gguf.part.json"]);
    await download();
    expect(server.seen.at(-1)?.range).toMatch(/^bytes=[1-9]\d*-$/);
    await expectWhole();
  });

  test("starts over where the server ignores ranges", async () => {
    server.mishap({ kind: "cut", atFraction: 0.5 }, { kind: "ignore-range" });
    await download();
    await expectWhole();
  });

  test("starts over where the file changed on the server meanwhile", async () => {
    const old = randomBytes(content.length);
    server.put("/o/r/resolve/main/a.gguf", old, { etag: '"old"' });
    server.mishap({ kind: "cut", atFraction: 0.5 }, { kind: "status", status: 404 });
    await expect(download({ sha256: undefined })).rejects.toMatchObject({ code: "model_load_failed" });
    server.put("/o/r/resolve/main/a.gguf", content, { etag: '"new"' });
    await download({ sha256: undefined });
    expect(server.seen.at(-1)?.ifRange).toBe('"old"');
    await expectWhole();
  });

  test("starts over once where resumed bytes do not fit together", async () => {
    await writeFile(`${target}.part`, randomBytes(1000));
    await writeFile(
      `${target}.part.json`,
      JSON.stringify({ url, etag: '"v1"', totalBytes: content.length, sha256 }),
    );
    await download();
    expect(server.seen.map((request) => request.range)).toEqual(["bytes=1000-", undefined]);
    await expectWhole();
  });

  test("uses no unfinished bytes of another address that nobody vouches for", async () => {
    await writeFile(`${target}.part`, content.subarray(0, 1000));
    await writeFile(`${target}.part.json`, JSON.stringify({ url: `${url}x`, etag: '"v1"' }));
    await download({ sha256: undefined });
    expect(server.seen.map((request) => request.range)).toEqual([undefined]);
  });

  test("continues what came from elsewhere, where the checksum is the same", async () => {
    await writeFile(`${target}.part`, content.subarray(0, 1000));
    await writeFile(
      `${target}.part.json`,
      JSON.stringify({ url: "hf:o/r/a.gguf@main", etag: '"x"', sha256 }),
    );
    await download();
    expect(server.seen).toMatchObject([{ range: "bytes=1000-", ifRange: undefined }]);
    await expectWhole();
  });

  test("lets somebody read along, and says so before it starts over", async () => {
    const told: PartState[] = [];
    server.mishap({ kind: "cut", atFraction: 0.5 }, { kind: "ignore-range" });
    await download({ onPart: (state) => told.push(state) });
    expect(told.at(-1)).toEqual({
      ...{ path: `${target}.part`, doneBytes: content.length, totalBytes: content.length },
      ...{ sha256, generation: 2 },
    });
    for (const [at, state] of told.entries()) {
      const before = told[at - 1];
      if (before === undefined) continue;
      if (before.generation === state.generation)
        expect(state.doneBytes).toBeGreaterThanOrEqual(before.doneBytes);
      else expect(state).toMatchObject({ doneBytes: 0, generation: before.generation + 1 });
    }
  });

  test("starts over where unfinished bytes are more than the server has", async () => {
    await writeFile(`${target}.part`, randomBytes(content.length + 5));
    await writeFile(`${target}.part.json`, JSON.stringify({ url, etag: '"v1"', sha256 }));
    await download();
    expect(server.seen.map((request) => request.range)).toEqual([`bytes=${content.length + 5}-`, undefined]);
    await expectWhole();
  });

  test("refuses and discards a file with another hash", async () => {
    await writeFile(target, "what was there before");
    const wrong = download({ sha256: sha256Of(Buffer.from("other")) });
    await expect(wrong).rejects.toMatchObject({
      code: "model_load_failed",
      message: expect.stringContaining("SHA-256"),
    });
    expect(await readFile(target, "utf8")).toBe("what was there before");
    expect(server.seen).toHaveLength(1);
  });

  test("refuses and discards a file that the inspection does not like", async () => {
    const inspect = async () => {
      throw new Error("not a model");
    };
    await expect(download({ inspect })).rejects.toThrow("not a model");
    expect(await readdir(folder)).toEqual([]);
  });

  test("waits out a busy server, as long as the server asks for", async () => {
    server.mishap(
      { kind: "status", status: 429, headers: { "retry-after": "0" } },
      { kind: "status", status: 503 },
    );
    await download();
    await expectWhole();
  });

  test("gives up after a bounded number of fruitless tries and says why", async () => {
    server.mishap(...Array.from({ length: 5 }, () => ({ kind: "status", status: 502 }) as const));
    await expect(download()).rejects.toMatchObject({
      code: "model_load_failed",
      message: expect.stringMatching(/failed 3 times.*502/),
    });
    expect(server.seen).toHaveLength(3);
  });

  test("gives up a connection that brings nothing, and tries again", async () => {
    server.mishap({ kind: "pause", until: new Promise<void>(() => {}) });
    await download({}, { idleMs: 60 });
    expect(server.seen).toHaveLength(2);
    await expectWhole();
  });

  test("does not try again where it is told no", async () => {
    server.mishap({ kind: "status", status: 403 });
    await expect(download()).rejects.toThrow("the server answered 403");
    expect(server.seen).toHaveLength(1);
  });

  test("names both numbers where the disk is too small", async () => {
    await expect(download({}, { freeDiskBytes: async () => 12_345 })).rejects.toMatchObject({
      code: "model_load_failed",
      message: expect.stringMatching(new RegExp(`${content.length}.* 12345 free`)),
    });
  });

  test("refuses a file of another length than was announced, before it fetches it", async () => {
    await expect(download({ bytes: 17 })).rejects.toThrow("17 were announced");
  });
});

describe("redirects", () => {
  test("do not take the token to another origin", async () => {
    await download({ url: `${server.hubUrl}/o/r/resolve/main/a.gguf`, token: "hf_secret" });
    expect(server.seen).toMatchObject([
      { server: "hub", authorization: "Bearer hf_secret" },
      { server: "files", authorization: undefined },
    ]);
    await expectWhole();
  });

  test.each(["http://models.example/a.gguf", "file:///etc/passwd", "ftp://127.0.0.1/a.gguf"])(
    "are refused towards %s",
    async (location) => {
      server.mishap({ kind: "redirect", location });
      await expect(download()).rejects.toThrow("is not encrypted: refused");
    },
  );

  test("end after a bounded number", async () => {
    server.mishap(...Array.from({ length: 20 }, () => ({ kind: "redirect", location: url }) as const));
    await expect(download()).rejects.toThrow("redirects more than 8 times");
  });
});
