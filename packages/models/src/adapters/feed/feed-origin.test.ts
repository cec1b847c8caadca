import { randomBytes } from "node:crypto";
import { mkdtemp, readdir, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { MusterError, silentLog } from "@muster/base";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import type { DownloadTarget } from "../../ports/model-download.ts";
import type { WantedFile } from "../../ports/model-origin.ts";
import { createModelDownload } from "../http/model-download.ts";
import { sha256Of, startFakeModelServer } from "../http/model-server.fake.ts";
import { createFakeFeed, type FakeFeed } from "./blob-feed.fake.ts";
import { createFeedOrigin } from "./feed-origin.ts";

const content = randomBytes(1024 * 1024);
const sha256 = sha256Of(content);
const source = "hf:o/r/a.gguf@main";
const retry = { baseMs: 1, maxMs: 1, maxFruitless: 3, maxTries: 10 };
let folder: string;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "muster-feed-"));
});

afterEach(() => rm(folder, { recursive: true }));

function wanted(over: Partial<WantedFile> = {}): WantedFile {
  const uri = { kind: "hf", owner: "o", repo: "r", revision: "main", file: "a.gguf" } as const;
  return { uri, source, sha256: undefined, bytes: undefined, ...over };
}

async function get(feed: FakeFeed, over: Partial<WantedFile> = {}, target: Partial<DownloadTarget> = {}) {
  const { signal } = new AbortController();
  const origin = createFeedOrigin({ feed, log: silentLog, random: () => 0, retry });
  const located = await origin.locate(wanted(over), signal);
  const inspect = async () => {};
  return await located.fetch({ target: join(folder, "a.gguf"), signal, onProgress() {}, inspect, ...target });
}

async function expectWhole() {
  expect(sha256Of(await readFile(join(folder, "a.gguf")))).toBe(sha256);
  expect(await readdir(folder)).toEqual(["a.gguf"]);
}

describe("a file from the mirror", () => {
  it.each([true, false])("arrives whole, its checksum told before: %s", async (isKnownBefore) => {
    const feed = createFakeFeed(content, { sha256, isKnownBefore });
    expect(await get(feed)).toEqual({ bytes: content.length, sha256 });
    await expectWhole();
  });

  it.each([true, false])("goes on where it was cut, its checksum told before: %s", async (isKnownBefore) => {
    const feed = createFakeFeed(content, { sha256, isKnownBefore });
    feed.mishap({ kind: "cut", afterBytes: 512 * 1024 }, { kind: "cut", afterBytes: 128 * 1024 });
    await get(feed);
    expect(feed.asked.map(({ offset }) => offset)).toEqual([0, 0, 512 * 1024, 640 * 1024]);
    expect(feed.sentBytes()).toBe(content.length);
    await expectWhole();
  });

  it("is finished by the hub, from where the mirror left it", async () => {
    const server = await startFakeModelServer();
    try {
      const url = server.put("/o/r/resolve/main/a.gguf", content);
      const feed = createFakeFeed(content, { sha256 });
      const no = new MusterError("model_load_failed", "No disk.");
      feed.mishap({ kind: "cut", afterBytes: 512 * 1024 }, { kind: "refuse", error: no });
      await expect(get(feed)).rejects.toThrow("No disk.");
      expect(feed.sentBytes()).toBe(512 * 1024);
      const { signal } = new AbortController();
      const inspect = async () => {};
      const target = { target: join(folder, "a.gguf"), signal, onProgress() {}, inspect };
      await createModelDownload({ reach: server.reach, log: silentLog, retry }).fetch({
        ...target,
        ...{ url, token: undefined, sha256, bytes: content.length },
      });
      expect(server.seen.map(({ range }) => range)).toEqual([`bytes=${512 * 1024}-`]);
      await expectWhole();
    } finally {
      await server.close();
    }
  });

  it.each([true, false])(
    "is discarded where a byte is wrong, its checksum told before: %s",
    async (isKnownBefore) => {
      const feed = createFakeFeed(content, { sha256, isKnownBefore });
      feed.mishap({ kind: "corrupt" });
      await expect(get(feed)).rejects.toThrow(/arrived wrong \(its SHA-256/);
      expect((await readdir(folder)).filter((name) => name.endsWith(".gguf"))).toEqual([]);
      await get(feed);
      await expectWhole();
    },
  );

  it("is not taken where the mirror has another one than is wanted", async () => {
    const feed = createFakeFeed(content, { sha256 });
    await expect(get(feed, { sha256: sha256Of(Buffer.from("other")) })).rejects.toThrow("another file");
  });

  it("is given up after a bounded number of tries that bring nothing", async () => {
    const feed = createFakeFeed(content, { sha256 });
    feed.mishap(
      ...Array.from({ length: 5 }, () => ({ kind: "refuse", error: new Error("nobody") }) as const),
    );
    await expect(get(feed)).rejects.toThrow(/failed 3 times.*nobody/);
    expect(feed.asked).toHaveLength(3);
  });

  it("is asked for again in its turn where the mirror is busy", async () => {
    const feed = createFakeFeed(content, { sha256 });
    const busy = { kind: "refuse", error: new MusterError("queue_full", "busy") } as const;
    feed.mishap(busy, busy);
    await get(feed);
    await expectWhole();
  });

  it("does not come where it has no room", async () => {
    const feed = createFakeFeed(content, { sha256 });
    const makeRoom = async (bytes: number) => {
      throw new MusterError("store_full", `no room for ${bytes}`);
    };
    await expect(get(feed, {}, { makeRoom })).rejects.toThrow(`no room for ${content.length}`);
    expect(feed.sentBytes()).toBe(0);
  });
});
