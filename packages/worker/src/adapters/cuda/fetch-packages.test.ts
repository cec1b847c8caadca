import { execFile, fork } from "node:child_process";
import { createHash } from "node:crypto";
import { once } from "node:events";
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { parseHostRule, silentLog } from "@muster/base";
import { createModelDownload } from "@muster/models";
import { describe, expect, it, onTestFinished } from "vitest";
import { forkOptionsFor } from "../common/engine-packages/entries.ts";
import { ensureCudaPackages } from "./fetch-packages.ts";

const run = promisify(execFile);
const asked = { signal: new AbortController().signal, onProgress: () => {} };

async function temporary(): Promise<string> {
  const directory = await mkdtemp(join(tmpdir(), "muster-cuda-"));
  onTestFinished(() => rm(directory, { recursive: true, force: true }));
  return directory;
}

/** An npm registry on loopback with these packages, each as npm packs them. */
async function startRegistry(
  names: readonly string[],
  corrupt: (archive: Buffer) => Buffer = (same) => same,
) {
  const source = await temporary();
  const archives = new Map<string, { readonly bytes: Buffer; readonly integrity: string }>();
  for (const name of names) {
    const folder = join(source, "package", "dist");
    await mkdir(folder, { recursive: true });
    await writeFile(
      join(folder, "index.js"),
      `export function getBinsDir() { return { binsDir: ${JSON.stringify(name)}, packageVersion: "9.9.9" }; }\n`,
    );
    const file = join(source, "archive.tgz");
    await run("tar", ["-czf", file, "-C", source, "package"]);
    const bytes = await readFile(file);
    const integrity = `sha512-${createHash("sha512").update(bytes).digest("base64")}`;
    archives.set(name, { bytes: corrupt(bytes), integrity });
  }
  const seen: string[] = [];
  const server = createServer((request, response) => {
    const path = request.url ?? "";
    seen.push(path);
    const name = [...archives.keys()].find((each) => path.startsWith(`/${each}/`));
    const archive = archives.get(name ?? "");
    if (archive === undefined) response.writeHead(404).end();
    else if (path.endsWith(".tgz")) response.end(archive.bytes);
    else {
      const tarball = `http://${request.headers.host}/${name}/-/archive.tgz`;
      response.end(JSON.stringify({ dist: { tarball, integrity: archive.integrity } }));
    }
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  onTestFinished(() => void server.close());
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, seen };
}

function options(registry: string, directory: string) {
  return {
    registry,
    directory,
    version: "9.9.9",
    platform: "linux",
    arch: "x64",
    hashes: {},
    download: createModelDownload({
      reach: { rules: [parseHostRule("127.0.0.1:*", "a test")] },
      log: silentLog,
      retry: { baseMs: 1, maxMs: 1, maxFruitless: 1, maxTries: 1 },
    }),
    log: silentLog,
  } as const;
}

const cuda = "@node-llama-cpp/linux-x64-cuda";
const cudaExt = "@node-llama-cpp/linux-x64-cuda-ext";

describe("the engine's CUDA packages", () => {
  it("are fetched once, and an engine's process imports them as if they were installed", async () => {
    const directory = await temporary();
    const registry = await startRegistry([cuda, cudaExt]);
    const entries = await ensureCudaPackages(12, options(registry.url, directory), asked);
    expect(Object.keys(entries)).toEqual([cuda, cudaExt]);
    const fetched = registry.seen.length;
    expect(await ensureCudaPackages(12, options(registry.url, directory), asked)).toEqual(entries);
    expect(registry.seen).toHaveLength(fetched);
    expect((await readdir(directory)).sort()).toEqual(["linux-x64-cuda-9.9.9", "linux-x64-cuda-ext-9.9.9"]);

    const script = join(directory, "child.mjs");
    await writeFile(
      script,
      `const { getBinsDir } = await import("${cudaExt}");\nprocess.send(getBinsDir().binsDir);\nprocess.disconnect();\n`,
    );
    const { execArgv, env } = forkOptionsFor(entries);
    const child = fork(script, [], { execArgv: [...execArgv], env: { ...env } });
    onTestFinished(() => void child.kill("SIGKILL"));
    expect((await once(child, "message"))[0]).toBe(cudaExt);
  });

  it("need no second package for CUDA 13", async () => {
    const registry = await startRegistry([cuda]);
    const entries = await ensureCudaPackages(13, options(registry.url, await temporary()), asked);
    expect(Object.keys(entries)).toEqual([cuda]);
  });

  it("are refused when they are not what the registry announced, and nothing stays", async () => {
    const directory = await temporary();
    const registry = await startRegistry([cuda], (archive) => Buffer.concat([archive, Buffer.from("x")]));
    await expect(ensureCudaPackages(13, options(registry.url, directory), asked)).rejects.toMatchObject({
      code: "model_load_failed",
      message: expect.stringContaining("not what the registry announced"),
    });
    expect((await readdir(directory)).filter((name) => name.startsWith("linux"))).toEqual([]);
  });

  it("are refused when they are what the registry announced, and not what is known of them", async () => {
    const directory = await temporary();
    const registry = await startRegistry([cuda]);
    const hashes = { [`${cuda}@9.9.9`]: `sha512-${"A".repeat(86)}==` };
    await expect(
      ensureCudaPackages(13, { ...options(registry.url, directory), hashes }, asked),
    ).rejects.toMatchObject({
      code: "model_load_failed",
      message: expect.stringContaining("not what Muster was released with"),
    });
    expect((await readdir(directory)).filter((name) => name.startsWith("linux"))).toEqual([]);
  });

  it("that do not exist are said not to", async () => {
    const registry = await startRegistry([]);
    await expect(
      ensureCudaPackages(13, options(registry.url, await temporary()), asked),
    ).rejects.toMatchObject({ code: "model_load_failed", message: expect.stringContaining("HTTP 404") });
  });
});
