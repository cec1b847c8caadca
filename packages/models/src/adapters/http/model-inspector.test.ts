import { execFileSync } from "node:child_process";
import { mkdir, mkdtemp, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { silentLog } from "@muster/base";
import { afterEach, beforeEach, describe, expect, it, onTestFinished } from "vitest";
import { builtInModels } from "../../built-in-models.ts";
import { array, text, u32, writeGguf } from "../../core/gguf-bytes.ts";
import { readGgufSource } from "../common/gguf-prefix.ts";
import { createHuggingFaceHub } from "../hugging-face/hub.ts";
import { createModelInspector } from "./model-inspector.ts";
import { type FakeModelServer, sha256Of, startFakeModelServer } from "./model-server.fake.ts";

const retry = { baseMs: 1, maxMs: 1, maxFruitless: 3, maxTries: 10 };
const architecture = { key: "general.architecture", type: 8, value: text("gemma3") };
const small = writeGguf({ entries: [architecture], tensors: [{ name: "a", elements: 400_000 }] });
/** Its header is longer than the first piece that is read. */
const wordy = writeGguf({
  entries: [
    architecture,
    {
      key: "tokenizer.ggml.tokens",
      type: 9,
      value: array(
        8,
        Array.from({ length: 40_000 }, (_none, at) => text(`token-${at}`)),
      ),
    },
    { key: "gemma3.block_count", type: 4, value: u32(7) },
  ],
  tensors: [{ name: "a", elements: 400_000 }],
});

let server: FakeModelServer;
beforeEach(async () => {
  server = await startFakeModelServer();
});
afterEach(() => server.close());

function inspect(uri: string, signal = new AbortController().signal) {
  const hub = createHuggingFaceHub({
    endpoint: server.hubUrl,
    token: "hf_secret",
    reach: server.reach,
    log: silentLog,
    random: () => 0,
    retry,
  });
  const inspector = createModelInspector({
    hub,
    reach: server.reach,
    log: silentLog,
    random: () => 0,
    retry,
    builtIn: builtInModels,
  });
  return inspector.inspect(uri, signal);
}

describe("looking at a model on the hub", () => {
  it("reads its size, its checksum and its header, and no more than the header takes", async () => {
    server.put("/o/r/resolve/main/m.gguf", small);
    const seen = await inspect("hf:o/r/m.gguf");
    expect(seen).toMatchObject({
      uri: "hf:o/r/m.gguf@main",
      bytes: small.length,
      sha256: sha256Of(small),
    });
    expect(seen.header.metadata.get("general.architecture")).toBe("gemma3");
    const asked = server.seen.filter(({ server: of }) => of === "files");
    expect(asked.map(({ range }) => range)).toEqual(["bytes=0-262143"]);
    // The storage that the hub redirects to must not see the hub's token.
    expect(asked[0]?.authorization).toBeUndefined();
  });

  it("reads on where a header is long, without fetching anything twice", async () => {
    server.put("/o/r/resolve/main/m.gguf", wordy);
    const seen = await inspect("hf:o/r/m.gguf");
    expect(seen.header.metadata.get("gemma3.block_count")).toBe(7);
    const ranges = server.seen.filter(({ server: of }) => of === "files").map(({ range }) => range);
    expect(ranges[0]).toBe("bytes=0-262143");
    expect(ranges[1]).toMatch(/^bytes=262144-/);
    expect(ranges.length).toBeLessThan(5);
  });

  it("adds up the parts of a model that is cut", async () => {
    const part = writeGguf({ entries: [architecture] });
    server.put("/o/r/resolve/main/m-00001-of-00002.gguf", small);
    server.put("/o/r/resolve/main/m-00002-of-00002.gguf", part);
    const seen = await inspect("hf:o/r/m-00001-of-00002.gguf");
    expect(seen).toMatchObject({ bytes: small.length + part.length, sha256: undefined });
  });

  it("tries again after a passing failure, and makes do with a server that knows no ranges", async () => {
    server.put("/o/r/resolve/main/m.gguf", wordy);
    server.mishap({ kind: "status", status: 503 }, { kind: "ignore-range" }, { kind: "ignore-range" });
    expect((await inspect("hf:o/r/m.gguf")).bytes).toBe(wordy.length);
  });

  it("refuses what is no GGUF file, in a sentence", async () => {
    server.put("/o/r/resolve/main/m.gguf", Buffer.from("<html>A page that is no model at all</html>"));
    await expect(inspect("hf:o/r/m.gguf")).rejects.toMatchObject({
      code: "model_load_failed",
      message: expect.stringMatching(/is not a model that can be used: .*GGUF\. Give a GGUF file\.$/),
    });
  });

  it("refuses one that is cut short, and one that is not there", async () => {
    server.put("/o/r/resolve/main/m.gguf", small.subarray(0, 1_000));
    await expect(inspect("hf:o/r/m.gguf")).rejects.toThrow(/cut short: it has 1000 bytes/);
    await expect(inspect("hf:o/r/other.gguf")).rejects.toThrow(/The hub has no file "other.gguf"/);
  });

  it("stops when it is told to", async () => {
    server.put("/o/r/resolve/main/m.gguf", small);
    await expect(inspect("hf:o/r/m.gguf", AbortSignal.abort())).rejects.toMatchObject({ code: "cancelled" });
  });
});

describe("looking at a model elsewhere", () => {
  it("learns the length of one behind a URL from its first byte", async () => {
    const url = server.put("/models/m.gguf", small);
    expect(await inspect(url)).toMatchObject({ uri: url, bytes: small.length, sha256: undefined });
  });

  it("reads files of this machine, and the models that come with Muster", async () => {
    const directory = await mkdtemp(join(tmpdir(), "muster-inspect-"));
    onTestFinished(() => rm(directory, { recursive: true }));
    const path = join(directory, "m.gguf");
    await writeFile(path, small);
    expect(await inspect(path)).toMatchObject({ uri: path, bytes: small.length });
    expect(await inspect("builtin:tiny-gemma")).toMatchObject({ bytes: 1_395_200 });
  });

  it("refuses what names no file", async () => {
    for (const uri of ["stub:x", "openai:http://127.0.0.1:1/v1", "builtin:none", "ftp://x/y.gguf"])
      await expect(inspect(uri)).rejects.toMatchObject({ code: "invalid_request" });
  });
});

describe("looking at what is no file", () => {
  it.skipIf(process.platform === "win32")(
    "waits neither for a pipe nor for a device, nor says where it is",
    async () => {
      const directory = await mkdtemp(join(tmpdir(), "muster-pipes-"));
      onTestFinished(() => rm(directory, { recursive: true }));
      const pipe = join(directory, "a.gguf");
      execFileSync("sh", ["-c", 'mkfifo "$0"', pipe]);
      await symlink("/dev/zero", join(directory, "b.gguf"));
      await mkdir(join(directory, "c.gguf"));
      for (const name of ["a", "b", "c"])
        await expect(inspect(join(directory, `${name}.gguf`))).rejects.toThrow("is not a file");
      const elsewhere = inspect("not-there.gguf");
      await expect(elsewhere).rejects.toThrow("not-there.gguf: there is no such file");
      await expect(elsewhere).rejects.not.toThrow(process.cwd());
    },
  );

  it("gives up on a header that has no end", async () => {
    const long = Buffer.alloc(300_000);
    const key = text("a.key");
    const header = Buffer.concat([
      Buffer.from("GGUF"),
      Buffer.from(u32(3)),
      Buffer.from([0, 0, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0]),
      Buffer.from(key),
      Buffer.from(u32(9)),
      Buffer.from(u32(10)),
      Buffer.from([0, 0, 32, 0, 0, 0, 0, 0]),
    ]);
    header.copy(long);
    const source = { place: "it", bytes: 2 ** 40, maxHeaderBytes: 1_000_000, read: async () => long };
    await expect(readGgufSource(source)).rejects.toThrow("its header has more than 1000000 bytes");
  });
});
