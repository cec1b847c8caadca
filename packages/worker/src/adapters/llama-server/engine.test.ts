import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, readFile, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { type Log, silentLog } from "@muster/base";
import { afterAll, beforeAll, describe, expect, it, onTestFinished, vi } from "vitest";
import { writeTinyGguf } from "../../../../../test/support/tiny-gguf.mjs";
import { parseCapabilityChange } from "../../core/capability-change.ts";
import { chatRequest, failureCode, readAnswer } from "../../ports/engine.contract.ts";
import type { EngineLoadSpec, EngineReplica } from "../../ports/engine.ts";
import { createLlamaServerEngine, type LlamaServerOptions } from "./engine.ts";
import { type FakeReport, writeFakeLlamaServer } from "./fake-llama-server.fixture.ts";

let folder: string;
let modelPath: string;
let program: string;
const neverAborts = new AbortController().signal;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "muster-llama-test-"));
  modelPath = join(folder, "tiny.gguf");
  await writeTinyGguf(modelPath);
  program = await writeFakeLlamaServer(folder);
});
afterAll(() => rm(folder, { recursive: true, force: true }));

let reports = 0;
interface Loading {
  readonly loading: Promise<EngineReplica>;
  /** What the program was started with, once it was. */
  readonly started: () => Promise<FakeReport>;
}

function start(
  extra: readonly string[] = [],
  options: Partial<LlamaServerOptions> = {},
  given: { readonly spec?: Partial<EngineLoadSpec>; readonly signal?: AbortSignal } = {},
): Loading {
  const file = join(folder, `report-${++reports}.json`);
  const engine = createLlamaServerEngine({
    log: silentLog,
    program,
    extraArgs: ["--report", file, ...extra],
    fetchFile: async (uri) => `/fetched/${uri}`,
    ...options,
  });
  const loading = engine.load(
    { modelPath, slots: 2, contextTokens: 512, threads: 3, gpu: "off", ...given.spec },
    { signal: given.signal ?? neverAborts, onProgress: () => {} },
  );
  loading.then(
    (replica) => onTestFinished(() => replica.close()),
    () => {},
  );
  const started = () =>
    vi.waitFor(async () => JSON.parse(await readFile(file, "utf8")) as FakeReport, { timeout: 5000 });
  return { loading, started };
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}

const untilGone = (pid: number) => vi.waitFor(() => expect(isAlive(pid)).toBe(false), { timeout: 5000 });
const isThere = (path: string) =>
  stat(path).then(
    () => true,
    () => false,
  );

describe("llama-server's process", { timeout: 30_000 }, () => {
  it("is told the model, the slots' contexts and where to listen, with the owner's flags in between", async () => {
    const { loading, started } = start(["--host", "0.0.0.0", "--threads", "9"]);
    const { info } = await loading;
    const { args } = await started();
    expect(args.slice(0, 2)).toEqual(["--model", modelPath]);
    expect(args.join(" ")).toContain("--ctx-size 1024 --parallel 2 --threads 3 --threads-batch 3");
    expect(args.join(" ")).toContain("--n-gpu-layers 0 --device none --jinja --no-webui --report");
    // Only what it knows; and nobody but the worker says where it listens.
    expect(args).not.toContain("--offline");
    expect(args.slice(-2)).toEqual(["--host", expect.stringMatching(/muster-llama-.*\.sock$/)]);
    expect(args.lastIndexOf("--threads")).toBeGreaterThan(args.indexOf("--jinja"));
    expect(info).toMatchObject({
      engine: "llama-server",
      engineVersion: "llama.cpp b8681-3f7c29d",
      architecture: "gemma3",
      contextTokens: 640,
      threads: 3,
    });
    expect(info.fileBytes).toBe((await stat(modelPath)).size);
  });

  it("gets a key that no argument shows, and no secret of the worker's", async () => {
    const env = {
      ...process.env,
      MUSTER_JOIN_TOKEN: "secret-1",
      HF_TOKEN: "secret-2",
      LLAMA_ARG_HOST: "0.0.0.0",
    };
    const { loading, started } = start([], { env });
    await loading;
    const report = await started();
    const { LLAMA_API_KEY: key = "", ...rest } = report.env;
    expect(key).toMatch(/^[\w-]{43}$/);
    expect(report.args.join(" ")).not.toContain(key);
    expect(JSON.stringify(rest)).not.toMatch(/secret-|LLAMA_ARG/);
  });

  it("listens in a folder that only its owner enters and that goes with it", async () => {
    const { loading, started } = start();
    const replica = await loading;
    const socket = (await started()).args.at(-1) ?? "";
    expect((await stat(dirname(socket))).mode & 0o777).toBe(0o700);
    await replica.close();
    expect(await isThere(dirname(socket))).toBe(false);
  });

  it("fetches the projector and the draft model", async () => {
    const { loading, started } = start([], { mmproj: "eyes.gguf", draft: "small.gguf" });
    await loading;
    const args = (await started()).args.join(" ");
    expect(args).toContain(
      "--mmproj /fetched/eyes.gguf --no-mmproj-offload --model-draft /fetched/small.gguf",
    );
  });

  it("fetches the projector that the load names before its owner's", async () => {
    const spec = { projectorUri: "other-eyes.gguf" };
    const { loading, started } = start([], { mmproj: "eyes.gguf" }, { spec });
    await loading;
    expect((await started()).args.join(" ")).toContain("--mmproj /fetched/other-eyes.gguf");
  });

  it("gives a model that was ordered nothing that its owner meant for another", async () => {
    const owners = {
      ...{ mmproj: "eyes.gguf", draft: "small.gguf" },
      capabilities: { instead: ["completion"], added: [], removed: [] },
    } as const;
    const { loading, started } = start([], owners, { spec: { isFixed: false } });
    const { info } = await loading;
    expect((await started()).args.join(" ")).not.toMatch(/--mmproj|--model-draft/);
    expect(info.capabilities.length).toBeGreaterThan(1);
  });

  it("tells what memory the program says it takes", async () => {
    const { loading } = start();
    expect((await loading).info).toMatchObject({
      memory: { vramBytes: 0, ramBytes: 8 * 1024 ** 2 },
      offload: { gpuLayers: 0, layers: 7 },
    });
  });

  it("computes on the device that the program has, unless it is told not to", async () => {
    const backends = [start([], {}, { spec: { gpu: "auto" } }), start()].map(
      async ({ loading }) => (await loading).info.backend,
    );
    expect(await Promise.all(backends)).toEqual(["vulkan", "cpu"]);
  });

  it("can what its owner says", async () => {
    const { loading } = start([], { capabilities: parseCapabilityChange("chat") });
    expect((await loading).info.capabilities).toEqual(["chat"]);
  });

  it("fails to load with its last words, and leaves nothing behind", async () => {
    const { loading, started } = start(["--die"]);
    await expect(loading).rejects.toMatchObject({
      code: "model_load_failed",
      message: expect.stringMatching(
        /llama-server ended \(exit code 3\)\. .*last words:\n.*a tensor is missing/s,
      ),
    });
    expect(await isThere(dirname((await started()).args.at(-1) ?? ""))).toBe(false);
  });

  it("is gone when loading is cancelled", async () => {
    const abort = new AbortController();
    const { loading, started } = start(["--never-ready"], {}, { signal: abort.signal });
    const { pid } = await started();
    abort.abort();
    expect(await failureCode(loading)).toBe("cancelled");
    await untilGone(pid);
  });

  it("takes running answers along when it dies", async () => {
    const { loading, started } = start(["--endless"]);
    const replica = await loading;
    const reader = replica.infer(chatRequest("hi"), neverAborts)[Symbol.asyncIterator]();
    await reader.next();
    process.kill((await started()).pid, "SIGSEGV");
    await expect(reader.next()).rejects.toMatchObject({
      code: "engine_crashed",
      message: expect.stringContaining("signal SIGSEGV"),
    });
    expect(await replica.exited).toEqual({ kind: "crashed", detail: "signal SIGSEGV" });
    expect(await failureCode(readAnswer(replica, chatRequest("late")))).toBe("engine_crashed");
  });

  it("does not outlive its guard", async () => {
    const pids: unknown[] = [];
    const log: Log = { ...silentLog, info: ({ pid }) => void pids.push(pid), child: () => log };
    const { loading, started } = start([], { log });
    const replica = await loading;
    const { pid } = await started();
    process.kill(Number(pids[0]), "SIGKILL");
    await untilGone(pid);
    expect((await replica.exited).kind).toBe("crashed");
  });

  it("does not outlive the worker", async () => {
    const script = join(folder, "worker.mjs");
    const file = join(folder, "report-worker.json");
    const engineFile = fileURLToPath(
      new URL("../../../dist/adapters/llama-server/engine.js", import.meta.url),
    );
    await writeFile(
      script,
      `const { createLlamaServerEngine } = await import(${JSON.stringify(engineFile)});
       const quiet = () => {};
       const log = { debug: quiet, info: quiet, warn: quiet, error: quiet, child: () => log };
       const program = ${JSON.stringify(program)};
       const engine = createLlamaServerEngine({ log, program, extraArgs: ["--report", ${JSON.stringify(file)}] });
       await engine.load(
         { modelPath: ${JSON.stringify(modelPath)}, slots: 1, contextTokens: 512, threads: 1, gpu: "off" },
         { signal: new AbortController().signal, onProgress: quiet });
       process.stdout.write("loaded");`,
    );
    const worker = spawn(process.execPath, [script], { stdio: ["ignore", "pipe", "inherit"] });
    await once(worker.stdout, "data");
    const { pid, args } = JSON.parse(await readFile(file, "utf8")) as FakeReport;
    expect(isAlive(pid)).toBe(true);
    worker.kill("SIGKILL");
    await untilGone(pid);
    await vi.waitFor(async () => expect(await isThere(dirname(args.at(-1) ?? ""))).toBe(false), {
      timeout: 5000,
    });
  });
});

describe("the llama-server program", () => {
  const load = (options: Partial<LlamaServerOptions>) => start([], options).loading;

  it("is found on PATH", async () => {
    const bin = await mkdtemp(join(folder, "bin-"));
    await rm(join(bin, "llama-server"), { force: true });
    await writeFile(join(bin, "llama-server"), await readFile(program), { mode: 0o700 });
    const { loading, started } = start([], { program: undefined, env: { PATH: `/nowhere:${bin}` } });
    await loading;
    expect((await started()).env["PATH"]).toContain(bin);
  });

  it.each([
    [
      "is nowhere",
      { program: undefined, env: { PATH: "/nowhere" } },
      /no llama-server on PATH.*--llama-server/,
    ],
    ["does not exist", { program: "/nowhere/llama-server" }, /cannot be run.*ENOENT.*--llama-server/],
    ["is another program", { program: "/bin/echo" }, /\/bin\/echo is no llama-server/],
  ])("is asked for where it %s", async (_name, options, message) => {
    await expect(load(options)).rejects.toMatchObject({
      code: "model_load_failed",
      message: expect.stringMatching(message),
    });
  });

  it("is not started for a file that is no model", async () => {
    const path = join(folder, "no.gguf");
    await writeFile(path, "not a model");
    const { loading } = start([], {}, { spec: { modelPath: path } });
    await expect(loading).rejects.toMatchObject({
      code: "model_load_failed",
      message: expect.stringContaining("letters GGUF"),
    });
  });
});
