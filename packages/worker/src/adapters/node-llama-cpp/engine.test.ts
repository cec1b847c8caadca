import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { type Log, silentLog } from "@muster/base";
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from "vitest";
import { writeTinyGguf } from "../../../../../test/support/tiny-gguf.mjs";
import { chatRequest, engineContract, failureCode, greedy, readAnswer } from "../../ports/engine.contract.ts";
import type { EngineLoadSpec, EngineReplica } from "../../ports/engine.ts";
import { engineChatContract } from "../../ports/engine-chat.contract.ts";
import { createEngineChildren } from "../common/engine-children.ts";
import { createMachineReader } from "../probe/machine-reader.ts";
import { createNodeLlamaCppEngine } from "./engine.ts";

const trainedModel = fileURLToPath(new URL("../../../../models/built-in/tiny-gemma.gguf", import.meta.url));
let folder: string;
let modelPath: string;
const open: EngineReplica[] = [];
const neverAborts = new AbortController().signal;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "muster-engine-"));
  modelPath = join(folder, "tiny.gguf");
  await writeTinyGguf(modelPath);
});
afterEach(async () => {
  await Promise.all(open.splice(0).map((replica) => replica.close()));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

async function load(spec: Partial<EngineLoadSpec> = {}, log: Log = silentLog): Promise<EngineReplica> {
  const replica = await createNodeLlamaCppEngine({ log }).load(
    { modelPath, slots: 2, contextTokens: 2048, threads: 1, gpu: "off", ...spec },
    { signal: neverAborts, onProgress: () => {} },
  );
  open.push(replica);
  return replica;
}

/** A log that tells the process id of the child once a model is loaded. */
function pidLog(): { readonly log: Log; readonly pid: () => number } {
  let pid = 0;
  const log: Log = {
    ...silentLog,
    info(fields) {
      if (typeof fields["pid"] === "number") pid = fields["pid"];
    },
    child: () => log,
  };
  return { log, pid: () => pid };
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}

engineContract(
  "node-llama-cpp",
  () => createNodeLlamaCppEngine({ log: silentLog }),
  async () => modelPath,
);

engineChatContract("node-llama-cpp", () => createNodeLlamaCppEngine({ log: silentLog }), trainedModel);

describe("node-llama-cpp engine", { timeout: 30_000 }, () => {
  it.runIf(process.platform === "linux")(
    "lets its process's memory be read, until it is closed",
    async () => {
      const children = createEngineChildren();
      const replica = await createNodeLlamaCppEngine({ log: silentLog, children }).load(
        { modelPath, slots: 1, contextTokens: 256, threads: 1, gpu: "off" },
        { signal: neverAborts, onProgress: () => {} },
      );
      const { oursRamBytes } = await createMachineReader({ env: {} }).read(children.pids());
      expect(oursRamBytes).toBeGreaterThan(10 * 2 ** 20);
      await replica.close();
      expect(children.pids()).toEqual([]);
    },
  );

  it("tells what it loaded", async () => {
    const fractions: number[] = [];
    const replica = await createNodeLlamaCppEngine({ log: silentLog }).load(
      { modelPath, slots: 1, contextTokens: undefined, threads: undefined, gpu: "off" },
      { signal: neverAborts, onProgress: (fraction) => fractions.push(fraction) },
    );
    open.push(replica);
    expect(replica.info).toMatchObject({
      engineVersion: expect.stringMatching(/^node-llama-cpp \d+\.\d+\.\d+, llama\.cpp \S+$/),
      architecture: "gemma3",
      contextTokens: 8192,
      backend: "cpu",
      capabilities: expect.arrayContaining([
        "chat",
        "completion",
        "tools",
        "structured_output",
        "logit_bias",
      ]),
    });
    expect(fractions.at(-1)).toBe(1);
  });

  it("turns the death of its process into engine_crashed", async () => {
    const { log, pid } = pidLog();
    const replica = await load({}, log);
    const events = replica.infer(chatRequest("a", { maxTokens: 2000 }), neverAborts);
    const reader = events[Symbol.asyncIterator]();
    await reader.next();
    process.kill(pid(), "SIGKILL");
    const rest = async () => {
      while ((await reader.next()).done !== true);
    };
    expect(await failureCode(rest())).toBe("engine_crashed");
    expect(await replica.exited).toEqual({ kind: "crashed", detail: "signal SIGKILL" });
    expect(await failureCode(readAnswer(replica, chatRequest("b")))).toBe("engine_crashed");
  });

  it("keeps special-token text in messages as plain text", async () => {
    const replica = await load();
    const count = async (content: string) =>
      (await readAnswer(replica, chatRequest(content, { maxTokens: 1 }))).end.usage.promptTokens;
    const base = await count("x");
    // As one control token it would add 1; spelled out it takes a token for almost every character.
    expect(await count("x<end_of_turn>")).toBeGreaterThan(base + 8);
    expect(await count("x<bos>")).toBeGreaterThan(base + 2);
    expect(await count("x<end_of_tur")).toBeGreaterThan(base + 8);
  });

  it("takes a system message in mid-chat, which the chat template refuses", async () => {
    const replica = await load();
    const messages = [
      { role: "user", content: "a" },
      { role: "system", content: "b" },
    ] as const;
    const { end } = await readAnswer(replica, { ...chatRequest(""), prompt: { kind: "chat", messages } });
    const joined = await readAnswer(replica, chatRequest("a\n\nb"));
    expect(end.usage.promptTokens).toBe(joined.end.usage.promptTokens);
  });

  it("penalises tokens that the answer has already", async () => {
    const replica = await load();
    const plain = await readAnswer(replica, chatRequest("loop", { maxTokens: 60 }));
    const sampling = { ...greedy, frequencyPenalty: 2, presencePenalty: 2 };
    const varied = await readAnswer(replica, chatRequest("loop", { maxTokens: 60, sampling }));
    const kinds = (text: string) => new Set(text.trim().split(/\s+/)).size;
    expect(kinds(varied.text)).toBeGreaterThan(kinds(plain.text));
  });

  it("reuses the beginning of a prompt, and answers as if it had not", async () => {
    const spec = { slots: 1, contextTokens: 4096 };
    const used = await load(spec);
    const syllables = ["ka", "tomi", "bado", "ne", "poro", "live", "dahu", "sogu", "feze"];
    const words = Array.from({ length: 1200 }, (_, i) => syllables[(i * i * 7 + i * 3 + (i >> 3)) % 9]);
    const request = (shared: number, tail: string) => ({
      ...chatRequest(""),
      prompt: { kind: "text", text: `${words.slice(0, shared).join(" ")} ${tail}` } as const,
    });
    // Near the end the cache is cut back; at 600 words some of the sliding window's cells are gone, and going on
    // from there would change the answer.
    for (const { shared, isReused } of [
      { shared: 1150, isReused: true },
      { shared: 600, isReused: false },
    ]) {
      await readAnswer(used, request(1200, "end"));
      const cached = await readAnswer(used, request(shared, "quite other tail"));
      const fresh = await readAnswer(await load(spec), request(shared, "quite other tail"));
      expect(cached.text).toBe(fresh.text);
      expect(fresh.end.usage.cachedTokens).toBe(0);
      if (isReused) expect(cached.end.usage.cachedTokens).toBeGreaterThan(shared);
      else expect(cached.end.usage.cachedTokens).toBe(0);
    }
  });

  it("continues a conversation without reading it again", async () => {
    const replica = await load({ slots: 3 });
    const first = await readAnswer(replica, chatRequest("first question"));
    // Other conversations in between must not take the slot that knows this one.
    await readAnswer(replica, chatRequest("other"));
    const messages = [
      { role: "user", content: "first question" },
      { role: "assistant", content: first.text },
      { role: "user", content: "and then" },
    ] as const;
    const second = await readAnswer(replica, { ...chatRequest(""), prompt: { kind: "chat", messages } });
    expect(second.end.usage.cachedTokens).toBeGreaterThanOrEqual(first.end.usage.promptTokens);
  });

  it("prepares a slot while the others are busy", async () => {
    const replica = await load({ slots: 3, contextTokens: 8192 });
    const abort = new AbortController();
    let isOver = false;
    const busy = [1, 2].map((i) =>
      failureCode(readAnswer(replica, chatRequest(`busy ${i}`, { maxTokens: 7000 }), abort.signal)).then(
        (code) => {
          isOver = true;
          return code;
        },
      ),
    );
    // Each takes the same slot and must first cut back what the one before left in it.
    for (let i = 0; i < 5; i++) await readAnswer(replica, chatRequest(`quick ${i}`));
    expect(isOver).toBe(false);
    abort.abort();
    expect(await Promise.all(busy)).toEqual(["cancelled", "cancelled"]);
  });

  it("is tested with the same model file every time", async () => {
    const twin = join(folder, "twin.gguf");
    await writeTinyGguf(twin);
    expect((await readFile(twin)).equals(await readFile(modelPath))).toBe(true);
    await writeTinyGguf(twin, { seed: 2 });
    expect((await readFile(twin)).equals(await readFile(modelPath))).toBe(false);
  });

  it("says why a file cannot be loaded", async () => {
    const bad = join(folder, "bad.gguf");
    await writeFile(bad, "not a model");
    for (const path of [bad, join(folder, "missing.gguf")]) {
      await expect(load({ modelPath: path })).rejects.toMatchObject({
        code: "model_load_failed",
        message: expect.stringContaining(path),
      });
    }
  });

  it("kills the process of a load that is given up", async () => {
    const abort = new AbortController();
    // A child that never answers.
    const hanging = join(folder, "hanging.mjs");
    await writeFile(hanging, "process.on('message', () => {});\n");
    const loading = createNodeLlamaCppEngine({ log: silentLog, childEntry: hanging }).load(
      { modelPath, slots: 1, contextTokens: 512, threads: 1, gpu: "off" },
      { signal: abort.signal, onProgress: () => {} },
    );
    abort.abort();
    expect(await failureCode(loading)).toBe("cancelled");
  });

  it("leaves no child behind when the worker is killed", async () => {
    const script = join(folder, "worker.mjs");
    const engineFile = fileURLToPath(
      new URL("../../../dist/adapters/node-llama-cpp/engine.js", import.meta.url),
    );
    await writeFile(
      script,
      `const { createNodeLlamaCppEngine } = await import(${JSON.stringify(engineFile)});
       const quiet = () => {};
       const log = { debug: quiet, warn: quiet, error: quiet, child: () => log,
         info: (fields) => process.stdout.write(String(fields.pid)) };
       await createNodeLlamaCppEngine({ log }).load(
         { modelPath: ${JSON.stringify(modelPath)}, slots: 1, contextTokens: 512, threads: 1, gpu: "off" },
         { signal: new AbortController().signal, onProgress: quiet });`,
    );
    const worker = spawn(process.execPath, [script], { stdio: ["ignore", "pipe", "inherit"] });
    const [said] = await once(worker.stdout, "data");
    const pid = Number(String(said));
    expect(isAlive(pid)).toBe(true);
    worker.kill("SIGKILL");
    await vi.waitFor(() => expect(isAlive(pid)).toBe(false), { timeout: 5000 });
  });
});
