import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { silentLog } from "@muster/base";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { writeTinyGguf } from "../../../../../test/support/tiny-gguf.mjs";
import { writeTinyEmbedder, writeTinyReranker } from "../../../../../test/support/tiny-vectors.mjs";
import { chatRequest, failureCode } from "../../ports/engine.contract.ts";
import type { EngineReplica } from "../../ports/engine.ts";
import { engineTasksContract } from "../../ports/engine-tasks.contract.ts";
import { runTask } from "../../ports/engine-tasks.fixture.ts";
import { createNodeLlamaCppEngine } from "./engine.ts";

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "muster-tasks-"));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

async function written(name: string, write: (path: string) => Promise<unknown>): Promise<string> {
  const path = join(folder, name);
  await write(path);
  return path;
}
const tinyModel = () => written("tiny.gguf", writeTinyGguf);
const tinyEmbedder = () => written("embedder.gguf", writeTinyEmbedder);
const tinyReranker = () => written("reranker.gguf", writeTinyReranker);

const makeEngine = () => createNodeLlamaCppEngine({ log: silentLog });
/** In the tiny models' own words, of a token or two each. */
const ranked = {
  query: "bado tefi lomu pare vizo",
  documents: [
    "bado tefi lomu pare vizo kuna",
    "the printer is on floor two",
    "kuna wori zadu mepi sogu hano",
  ],
};
const near = ["lunch is served at noon", "when is lunch served", "the printer is broken"] as const;

engineTasksContract("node-llama-cpp with a model that writes", makeEngine, tinyModel, {
  capabilities: ["embedding", "rerank", "tokenize", "logprobs"],
});
engineTasksContract("node-llama-cpp with an embedding model", makeEngine, tinyEmbedder, {
  capabilities: ["embedding", "rerank", "tokenize"],
  near,
  ranked,
});
engineTasksContract("node-llama-cpp with a reranker", makeEngine, tinyReranker, {
  capabilities: ["rerank", "tokenize"],
});

describe("node-llama-cpp with an embedding model", { timeout: 30_000 }, () => {
  let replica: EngineReplica;
  beforeAll(async () => {
    replica = await makeEngine().load(
      { modelPath: await tinyEmbedder(), slots: 2, contextTokens: undefined, threads: 1, gpu: "off" },
      { signal: new AbortController().signal, onProgress: () => {} },
    );
  }, 60_000);
  afterAll(() => replica.close());

  it("does not write", async () => {
    expect(replica.info.capabilities).not.toContain("chat");
    expect(replica.info.capabilities).not.toContain("completion");
    expect(await failureCode(runTask(replica, chatRequest("hello")))).toBe("unsupported");
  });

  it("takes an input that just fills its context, and refuses one token more", async () => {
    const { contextTokens } = replica.info;
    expect(contextTokens).toBe(512);
    // Each word is a token, and so is the mark of the beginning.
    const text = (words: number) => `ba${" ba".repeat(words - 1)}`;
    const fits = await runTask(replica, { task: "embed", inputs: [text(contextTokens - 1)] });
    expect(fits.end.usage.promptTokens).toBe(contextTokens);
    await expect(runTask(replica, { task: "embed", inputs: [text(contextTokens)] })).rejects.toMatchObject({
      code: "context_length_exceeded",
      param: "input",
      message: expect.stringContaining("513 tokens"),
    });
  });
});
