import {
  appendFile,
  mkdtemp,
  readdir,
  readFile,
  rm,
  stat,
  truncate,
  utimes,
  writeFile,
} from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { silentLog } from "@muster/base";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { u32, writeGguf } from "../../core/gguf-bytes.ts";
import { createHubOrigin } from "../../flows/hub-origin.ts";
import type { ExpectedFile, ModelProgress, ModelStore } from "../../ports/model-store.ts";
import { createModelDownload } from "../http/model-download.ts";
import { type FakeModelServer, sha256Of, startFakeModelServer } from "../http/model-server.fake.ts";
import { createHuggingFaceHub } from "../hugging-face/hub.ts";
import { createDiskModelStore } from "./model-store.ts";

const model = makeModel(1);
const hubPath = "/google/gemma/resolve/main/a.gguf";
const uri = "hf:google/gemma/a.gguf";
let server: FakeModelServer;
let directory: string;
let store: ModelStore;

beforeEach(async () => {
  server = await startFakeModelServer();
  directory = join(await mkdtemp(join(tmpdir(), "muster-store-")), "models");
  const retry = { baseMs: 1, maxMs: 1, maxFruitless: 2, maxTries: 4 };
  store = createDiskModelStore({
    directory,
    origin: createHubOrigin({
      hub: createHuggingFaceHub({
        endpoint: server.hubUrl,
        token: "hf_x",
        reach: server.reach,
        log: silentLog,
        random: () => 0,
        retry,
      }),
      download: createModelDownload({ reach: server.reach, log: silentLog, random: () => 0, retry }),
    }),
    log: silentLog,
    homeDirectory: dirname(directory),
    workingDirectory: dirname(directory),
  });
});

afterEach(async () => {
  await server.close();
  await rm(dirname(directory), { recursive: true });
});

function makeModel(seed: number): Uint8Array {
  return writeGguf({
    entries: [{ key: "general.seed", type: 4, value: u32(seed) }],
    tensors: [{ name: "weights", elements: 50_000 }],
  });
}

function ensure(
  text: string,
  signal = new AbortController().signal,
  onProgress: (p: ModelProgress) => void = () => {},
) {
  return store.ensure(text, { signal, onProgress });
}

describe("a hub model", () => {
  test("is fetched once, checked, and kept where people can find it", async () => {
    server.put(hubPath, model);
    const stored = await ensure(uri);
    expect(stored).toEqual({
      path: join(directory, "huggingface.co/google/gemma/main/a.gguf"),
      bytes: model.length,
      sha256: sha256Of(model),
    });
    expect(sha256Of(await readFile(stored.path))).toBe(sha256Of(model));
    expect(JSON.parse(await readFile(`${stored.path}.json`, "utf8"))).toMatchObject({
      source: "hf:google/gemma/a.gguf@main",
      sha256: sha256Of(model),
      commit: "c0ffee",
    });
    expect((await stat(directory)).mode & 0o777).toBe(0o700);

    const asked = server.seen.length;
    expect(await ensure(uri)).toEqual(stored);
    expect(server.seen).toHaveLength(asked);
  });

  test("that was touched but not changed is not fetched again", async () => {
    server.put(hubPath, model);
    const { path } = await ensure(uri);
    await utimes(path, new Date(0), new Date(0));
    const asked = server.seen.length;
    await ensure(uri);
    expect(server.seen).toHaveLength(asked);
    // The manifest has learnt the new time.
    expect(JSON.parse(await readFile(`${path}.json`, "utf8"))).toMatchObject({ modifiedMs: 0 });
  });

  test.each([
    ["grown", (path: string) => appendFile(path, "x")],
    ["cut short", (path: string) => truncate(path, 1000)],
    ["overwritten", (path: string) => writeFile(path, new Uint8Array(model.length))],
    ["deleted", (path: string) => rm(path)],
  ])("that was %s is fetched again", async (_, damage) => {
    server.put(hubPath, model);
    const { path } = await ensure(uri);
    await damage(path);
    await ensure(uri);
    expect(sha256Of(await readFile(path))).toBe(sha256Of(model));
  });

  test("that lost its manifest is taken as it is where the hub's checksum fits", async () => {
    server.put(hubPath, model);
    const { path } = await ensure(uri);
    await rm(`${path}.json`);
    const fetched = server.seen.filter((request) => request.method === "GET").length;
    await ensure(uri);
    expect(server.seen.filter((request) => request.method === "GET")).toHaveLength(fetched);
    expect(await readdir(dirname(path))).toEqual(["a.gguf", "a.gguf.json"]);
  });

  test("survives a connection that is cut at half", async () => {
    server.put(hubPath, model);
    server.mishap({ kind: "cut", atFraction: 0.5 });
    expect(await ensure(uri)).toMatchObject({ sha256: sha256Of(model) });
  });

  test("with another hash than the hub announced is refused", async () => {
    server.put(hubPath, model, { sha256: sha256Of(makeModel(2)) });
    await expect(ensure(uri)).rejects.toMatchObject({ code: "model_load_failed" });
    expect(await readdir(join(directory, "huggingface.co/google/gemma/main"))).not.toContain("a.gguf");
  });

  test("in parts comes with all its parts, and reports one progress", async () => {
    const parts = [1, 2, 3].map(makeModel);
    for (const [index, part] of parts.entries()) {
      server.put(`/google/gemma/resolve/main/b-0000${index + 1}-of-00003.gguf`, part);
    }
    const progress: ModelProgress[] = [];
    const stored = await ensure("hf:google/gemma/b-00002-of-00003.gguf", undefined, (step) =>
      progress.push(step),
    );
    const bytes = parts.reduce((sum, part) => sum + part.length, 0);
    expect(stored).toMatchObject({ bytes, sha256: undefined });
    expect(stored.path).toMatch(/b-00001-of-00003\.gguf$/);
    expect(progress.at(-1)).toEqual({ doneBytes: bytes, totalBytes: bytes });
    expect(await readdir(dirname(stored.path))).toHaveLength(6);
  });

  test("asked for by two at once is fetched once", async () => {
    server.put(hubPath, model);
    const [one, two] = await Promise.all([ensure(uri), ensure(uri)]);
    expect(one).toEqual(two);
    expect(server.seen.filter((request) => request.server === "files")).toHaveLength(1);
  });

  test("can be given up", async () => {
    server.put(hubPath, model);
    await expect(ensure(uri, AbortSignal.abort())).rejects.toMatchObject({ code: "cancelled" });
  });
});

describe("a model by address", () => {
  test("is kept under its host, and not asked for again", async () => {
    const url = server.put("/models/a.gguf", model);
    const stored = await ensure(url);
    expect(stored.path).toBe(join(directory, new URL(url).host.replace(":", "_"), "models/a.gguf"));
    await ensure(url);
    expect(server.seen).toHaveLength(1);
  });

  test.each([
    [
      "a web page",
      new TextEncoder().encode("<!DOCTYPE html><p>Please log in"),
      "does not begin with the letters GGUF",
    ],
    ["a model that is cut short", model.subarray(0, 5000), "is cut short"],
    ["nothing at all", new Uint8Array(0), "is cut short"],
  ])("that is %s is refused and not kept", async (_, content, reason) => {
    const url = server.put("/models/a.gguf", content);
    await expect(ensure(url)).rejects.toMatchObject({
      code: "model_load_failed",
      message: expect.stringContaining(reason),
    });
    expect((await readdir(directory, { recursive: true })).filter((name) => name.includes("a.gguf"))).toEqual(
      [],
    );
  });
});

describe("a model by path", () => {
  test("is used where it is: absolute, relative, from home, as a file address", async () => {
    const path = join(dirname(directory), "mine.gguf");
    await writeFile(path, model);
    for (const text of [path, "./mine.gguf", "mine.gguf", "~/mine.gguf", `file://${path}`]) {
      expect(await ensure(text)).toEqual({ path, bytes: model.length, sha256: undefined });
    }
    expect(server.seen).toEqual([]);
  });

  test("is refused where it is missing, cut short, or a folder", async () => {
    const path = join(dirname(directory), "mine.gguf");
    await expect(ensure(path)).rejects.toThrow("there is no such file");
    await writeFile(path, model.subarray(0, 5000));
    await expect(ensure(path)).rejects.toThrow("is cut short");
    await expect(ensure(dirname(path))).rejects.toThrow("is not a file");
  });
});

test("a stub model needs no disk", async () => {
  expect(await ensure("stub:echo")).toEqual({ path: "stub:echo", bytes: 0, sha256: undefined });
});

test("what names no model is refused as a failed load", async () => {
  await expect(ensure("ftp://host/a.gguf")).rejects.toMatchObject({ code: "model_load_failed" });
  await expect(ensure("https://host/%2e%2e%2fa.gguf")).rejects.toMatchObject({ code: "model_load_failed" });
});

describe("a file that an order describes", () => {
  const sha256 = sha256Of(model);
  const other = sha256Of(makeModel(2));
  const expecting = (text: string, expected: ExpectedFile) =>
    store.ensure(text, { signal: new AbortController().signal, onProgress() {}, expected });

  test("is given out where it is the one", async () => {
    server.put(hubPath, model);
    expect(await expecting(uri, { sha256, bytes: model.length })).toMatchObject({ sha256 });
    expect(await expecting(uri, { sha256: sha256.toUpperCase(), bytes: model.length })).toMatchObject({
      sha256,
    });
  });

  test.each([{ sha256: other }, { bytes: 17 }])(
    "is not fetched where the hub has another: %j",
    async (expected) => {
      server.put(hubPath, model);
      await expect(expecting(uri, expected)).rejects.toThrow("not the file that was ordered");
      expect(server.seen.filter((request) => request.server === "files")).toEqual([]);
    },
  );

  test("is not given out where another one is on disk, which stays for those that want it", async () => {
    server.put(hubPath, model);
    await ensure(uri);
    await expect(expecting(uri, { sha256: other })).rejects.toMatchObject({ code: "model_load_failed" });
    const asked = server.seen.length;
    expect(await ensure(uri)).toMatchObject({ sha256 });
    expect(server.seen).toHaveLength(asked);
  });

  test("is fetched anew where the hub has it by now", async () => {
    server.put(hubPath, makeModel(2));
    await ensure(uri);
    server.put(hubPath, model, { etag: '"v2"' });
    expect(await expecting(uri, { sha256 })).toMatchObject({ sha256 });
  });

  test("is looked at where it was named by path", async () => {
    const path = join(dirname(directory), "mine.gguf");
    await writeFile(path, model);
    expect(await expecting(path, { sha256, bytes: model.length })).toEqual({
      path,
      bytes: model.length,
      sha256,
    });
    await expect(expecting(path, { sha256: other })).rejects.toThrow("not the file that was ordered");
    await expect(expecting(path, { bytes: 17 })).rejects.toThrow("not the file that was ordered");
  });
});

test("a file that only a mirror can have is looked for nowhere else", async () => {
  await expect(ensure("local:mine.gguf")).rejects.toThrow("only in the office mirror");
  expect(server.seen).toEqual([]);
});
