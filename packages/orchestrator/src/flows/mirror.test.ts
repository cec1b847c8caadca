import { randomBytes } from "node:crypto";
import { ManualClock, MusterError, silentLog } from "@muster/base";
import { describe, expect, it } from "vitest";
import { KnownFiles } from "./known-files.ts";
import { PlayedSource, sha256 } from "./mirror.fixture.ts";
import { Mirror } from "./mirror.ts";
import type { BlobReading } from "./read-blob.ts";

const uri = "hf:o/r/a.gguf@main";
const content = randomBytes(700_000);
const half = content.length / 2;
const { signal } = new AbortController();

function start() {
  const source = new PlayedSource();
  const known = new KnownFiles();
  const clock = new ManualClock();
  known.note({ uri });
  const mirror = new Mirror({ source, allowed: (file) => known.find(file), clock, log: silentLog });
  const open = (offset = 0, asked = uri) => mirror.open({ uri: asked, sha256: undefined, offset }, signal);
  return { source, known, clock, mirror, open };
}

async function readAll(reading: BlobReading): Promise<{ bytes: Buffer; sha256: string | undefined }> {
  const parts: Uint8Array[] = [];
  const pieces = reading.pieces();
  for (;;) {
    const step = await pieces.next();
    if (step.done) return { bytes: Buffer.concat(parts), sha256: step.value.sha256 };
    parts.push(step.value);
  }
}

/** The hub's side of a fetch that begins well. */
async function begun(source: PlayedSource, nth = 1) {
  await source.fetchesBegun(nth);
  const fetch = source.fetches[nth - 1];
  if (fetch === undefined) throw new Error("nothing is fetched");
  return fetch;
}

describe("the mirror", () => {
  it("fetches once for all that ask, and lets each read from its own place while it arrives", async () => {
    const { source, open } = start();
    const opening = [0, 100, half].map((offset) => open(offset));
    const hub = await begun(source);
    hub.begin(content.length);
    const readings = await Promise.all(opening);
    expect(readings.map(({ totalBytes }) => totalBytes)).toEqual([700_000, 700_000, 700_000]);
    const all = readings.map(readAll);
    hub.send(content.subarray(0, half));
    hub.send(content.subarray(half));
    hub.finish();
    for (const [at, offset] of [0, 100, half].entries()) {
      const read = await all[at];
      expect(read?.bytes.equals(content.subarray(offset))).toBe(true);
      expect(read?.sha256).toBe(sha256);
    }
    expect(source.fetches).toHaveLength(1);
    expect(source.openFiles).toBe(0);
    expect((await readAll(await open())).bytes.equals(content)).toBe(true);
    expect(source.fetches).toHaveLength(1);
  });

  it("ends no reading before the whole file has been checked", async () => {
    const { source, open } = start();
    const opening = open();
    const hub = await begun(source);
    hub.begin(content.length);
    const pieces = (await opening).pieces();
    hub.send(content);
    let got = 0;
    while (got < content.length) got += ((await pieces.next()).value as Uint8Array).length;
    const end = pieces.next();
    hub.fail(new MusterError("model_load_failed", "its SHA-256 is another"));
    await expect(end).rejects.toThrow("its SHA-256 is another");
    expect(source.openFiles).toBe(0);
  });

  it("gives nobody bytes of two tries: who has read some is told to ask again", async () => {
    const { source, open } = start();
    const opening = open();
    const hub = await begun(source);
    hub.begin(content.length);
    const pieces = (await opening).pieces();
    hub.send(Buffer.alloc(half, 1));
    await pieces.next();
    hub.startOver();
    hub.begin(content.length);
    hub.send(content);
    await expect(readRest(pieces)).rejects.toMatchObject({ code: "not_ready" });
    const again = await open();
    hub.finish();
    expect((await readAll(again)).bytes.equals(content)).toBe(true);
  });

  it("gives no bytes that were thrown away while they were read", async () => {
    const { source, open } = start();
    const opening = open();
    const hub = await begun(source);
    hub.begin(content.length);
    hub.send(content.subarray(0, half));
    const pieces = (await opening).pieces();
    const reading = pieces.next();
    // The read is under way: its bytes are of the first try, and come after that is over.
    hub.startOver();
    await expect(reading).rejects.toMatchObject({ code: "not_ready" });
  });

  it("gives a sign of life where the hub is slow", async () => {
    const { source, open, clock } = start();
    const opening = open();
    const hub = await begun(source);
    hub.begin(content.length);
    const pieces = (await opening).pieces();
    const next = pieces.next();
    await new Promise((resolve) => setImmediate(resolve));
    clock.advance(10_000);
    expect((await next).value).toHaveLength(0);
    await pieces.return({ sha256: undefined });
  });

  it("lets a file of unknown length be read as well", async () => {
    const { source, open } = start();
    const opening = open();
    const hub = await begun(source);
    hub.begin(undefined, "");
    hub.send(content);
    const reading = await opening;
    expect(reading).toMatchObject({ totalBytes: undefined, sha256: undefined });
    hub.finish();
    expect(await readAll(reading)).toMatchObject({ sha256 });
  });

  it("offers what is known and what it has, and nothing else", async () => {
    const { source, open } = start();
    for (const other of [
      ...["hf:o/r/b.gguf", "https://models.example/a.gguf", "/etc/passwd", "file:///etc/passwd", "../a.gguf"],
      ...["builtin:tiny-gemma", "stub:x", "openai:http://127.0.0.1/v1", "local:mine.gguf", ""],
    ])
      await expect(open(0, other)).rejects.toMatchObject({ code: "not_found" });
    expect(source.fetches).toHaveLength(0);
    source.stored.set("local:mine.gguf", { bytes: content, isPinned: true });
    expect((await readAll(await open(0, "local:mine.gguf"))).bytes.length).toBe(content.length);
  });

  it("knows the same file in other spellings", async () => {
    const { source, open } = start();
    source.stored.set(uri, { bytes: content, isPinned: false });
    for (const other of ["hf:o/r/a.gguf", "https://huggingface.co/o/r/resolve/main/a.gguf"])
      expect((await open(0, other)).totalBytes).toBe(content.length);
  });

  it("refuses an offset beyond the end, and another file than the asker wants", async () => {
    const { source, open, mirror } = start();
    source.stored.set(uri, { bytes: content, isPinned: false });
    await expect(open(content.length + 1)).rejects.toMatchObject({ code: "invalid_request" });
    expect((await readAll(await open(content.length))).bytes).toHaveLength(0);
    const ask = { uri, sha256: "b".repeat(64), offset: 0 };
    await expect(mirror.open(ask, signal)).rejects.toMatchObject({ code: "model_load_failed" });
  });

  it("begins anew after a failure, and tells of the failure meanwhile", async () => {
    const { source, open, mirror, clock } = start();
    const opening = open();
    (await begun(source)).fail(new MusterError("model_load_failed", "The hub has no such file."));
    await expect(opening).rejects.toThrow("no such file");
    expect((await mirror.status()).fetching).toMatchObject([
      { uri, error: { message: "The hub has no such file." } },
    ]);
    clock.advance(11 * 60_000);
    expect((await mirror.status()).fetching).toEqual([]);
    const again = open();
    const hub = await begun(source, 2);
    hub.begin(content.length);
    hub.send(content);
    hub.finish();
    expect((await readAll(await again)).bytes.equals(content)).toBe(true);
  });

  it("fetches a bounded number of files at once; a pull waits, who asks is told to ask again", async () => {
    const { source, known, mirror, open } = start();
    const uris = Array.from({ length: 10 }, (_none, at) => `hf:o/r/${at}.gguf@main`);
    for (const each of uris) known.note({ uri: each });
    const pulls = uris.slice(0, 9).map((each) => mirror.pull(each, {}, signal));
    await source.fetchesBegun(8);
    await expect(open(0, uris[9])).rejects.toMatchObject({ code: "queue_full" });
    expect(source.fetches).toHaveLength(8);
    for (const fetch of source.fetches) fetch.finish();
    (await begun(source, 9)).finish();
    expect(await Promise.all(pulls)).toHaveLength(9);
  });

  it("removes no file that is being read, and gives up one that is on its way", async () => {
    const { source, mirror, open } = start();
    source.stored.set(uri, { bytes: content, isPinned: false });
    const pieces = (await open()).pieces();
    await pieces.next();
    await expect(mirror.remove(uri)).rejects.toMatchObject({ code: "not_ready" });
    await pieces.return({ sha256: undefined });
    await mirror.remove(uri);
    await expect(mirror.remove(uri)).rejects.toMatchObject({ code: "not_found" });
    const opening = open();
    await begun(source);
    await Promise.all([mirror.remove(uri), expect(opening).rejects.toMatchObject({ code: "cancelled" })]);
    expect((await mirror.status()).fetching).toEqual([]);
  });

  it("gives up what is on its way when it is closed, and begins nothing more", async () => {
    const { source, mirror, open } = start();
    const opening = open();
    await begun(source);
    await Promise.all([mirror.close(), expect(opening).rejects.toMatchObject({ code: "cancelled" })]);
    await expect(open()).rejects.toMatchObject({ code: "shutting_down" });
  });
});

async function readRest(pieces: AsyncGenerator<Uint8Array>): Promise<void> {
  for await (const _piece of pieces);
}

describe("files that were ordered", () => {
  it("are known with what the order says, the parts of a model too", () => {
    const known = new KnownFiles();
    known.note({ uri: "hf:o/r/a.gguf", sha256, bytes: 5 });
    known.note({ uri: "hf:o/r/b-00001-of-00002.gguf", sha256, bytes: 9 });
    known.note({ uri: "/models/c.gguf" });
    known.note({ uri: "no uri at all:" });
    // Of the worker's own machine: here it would be another file, or no file at all.
    for (const own of ["http://127.0.0.1:6379/a.gguf", "https://localhost/a.gguf", " https://[::1]/a.gguf"]) {
      known.note({ uri: own });
      expect(known.find(own.trim())).toBeUndefined();
    }
    expect(known.find("hf:o/r/a.gguf@main")).toEqual({ sha256, bytes: 5 });
    expect(known.find("hf:o/r/b-00001-of-00002.gguf@main")).toEqual({ sha256, bytes: undefined });
    expect(known.find("hf:o/r/b-00002-of-00002.gguf@main")).toEqual({ sha256: undefined, bytes: undefined });
    expect(known.find("/models/c.gguf")).toBeUndefined();
  });

  it("are remembered up to a bounded number, the latest of them", () => {
    const known = new KnownFiles();
    for (let at = 0; at < 2_500; at++) known.note({ uri: `hf:o/r/${at}.gguf` });
    expect(known.find("hf:o/r/499.gguf@main")).toBeUndefined();
    expect(known.find("hf:o/r/500.gguf@main")).toBeDefined();
  });
});
