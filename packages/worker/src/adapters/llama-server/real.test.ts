import { execFileSync } from "node:child_process";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { silentLog, type Thinking } from "@muster/base";
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from "vitest";
import { writeTinyGguf } from "../../../../../test/support/tiny-gguf.mjs";
import { writeTinyEmbedder, writeTinyReranker } from "../../../../../test/support/tiny-vectors.mjs";
import { chatRequest, engineContract, readAnswer } from "../../ports/engine.contract.ts";
import { engineChatContract } from "../../ports/engine-chat.contract.ts";
import { engineTasksContract } from "../../ports/engine-tasks.contract.ts";
import { createLlamaServerEngine } from "./engine.ts";

const trainedModel = fileURLToPath(new URL("../../../../models/built-in/tiny-gemma.gguf", import.meta.url));

/** The program of this machine, where there is one. */
const program = process.env["MUSTER_LLAMA_SERVER"] ?? onPath();

function onPath(): string | undefined {
  try {
    return execFileSync("which", ["llama-server"], { encoding: "utf8", stdio: "pipe" }).trim();
  } catch {
    return undefined;
  }
}

const title = "a real llama-server (MUSTER_LLAMA_SERVER or PATH)";
describe.skipIf(program === undefined)(title, { timeout: 60_000 }, () => {
  let folder: string;
  const makeEngine = () =>
    createLlamaServerEngine({ log: silentLog, program, fetchFile: async (uri) => uri });
  const model = (name: string) => async () => join(folder, name);

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), "muster-llama-test-"));
    await writeTinyGguf(join(folder, "writer.gguf"));
    await writeTinyEmbedder(join(folder, "embedder.gguf"));
    await writeTinyReranker(join(folder, "reranker.gguf"));
  }, 60_000);
  afterAll(() => rm(folder, { recursive: true, force: true }));

  engineContract("llama-server", makeEngine, model("writer.gguf"), { tellsStopText: false });
  engineChatContract("llama-server", makeEngine, trainedModel, { readsBarredCalls: false });

  it("thinks where it is asked to, and where it is not as the model's template has it", async () => {
    const replica = await makeEngine().load(
      { modelPath: trainedModel, slots: 1, contextTokens: 1024, threads: 1, gpu: "off" },
      { signal: new AbortController().signal, onProgress: () => {} },
    );
    onTestFinished(() => replica.close());
    const thinks = async (thinking?: Thinking) => {
      const request = chatRequest("What is 3 + 4?", thinking === undefined ? {} : { thinking });
      return (await readAnswer(replica, request)).events.some(({ kind }) => kind === "reasoning");
    };
    expect([await thinks(), await thinks({ mode: "on" }), await thinks({ mode: "off" })]).toEqual([
      false,
      true,
      false,
    ]);
  });

  it("answers with a draft model's help as it does without", async () => {
    const load = async (draft?: string) => {
      const engine = createLlamaServerEngine({
        log: silentLog,
        program,
        draft,
        fetchFile: async (uri) => uri,
      });
      const replica = await engine.load(
        { modelPath: trainedModel, slots: 2, contextTokens: 1024, threads: 1, gpu: "off" },
        { signal: new AbortController().signal, onProgress: () => {} },
      );
      onTestFinished(() => replica.close());
      return (await readAnswer(replica, chatRequest("What is the capital of France?"))).text;
    };
    expect(await load(trainedModel)).toBe(await load());
  });

  engineTasksContract("llama-server with a model that writes", makeEngine, model("writer.gguf"), {
    capabilities: ["tokenize", "logprobs"],
    // Its kernels add up in another order when it computes several answers at once.
    sameDigits: 1,
  });
  engineTasksContract("llama-server with an embedding model", makeEngine, model("embedder.gguf"), {
    capabilities: ["embedding", "tokenize"],
    near: ["lunch is served at noon", "when is lunch served", "the printer is broken"],
  });
  engineTasksContract("llama-server with a reranker", makeEngine, model("reranker.gguf"), {
    capabilities: ["rerank", "tokenize"],
  });
});
