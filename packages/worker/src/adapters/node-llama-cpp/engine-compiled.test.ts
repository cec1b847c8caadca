import { mkdtemp, rm } from "node:fs/promises";
import { homedir, tmpdir } from "node:os";
import { join } from "node:path";
import { silentLog } from "@muster/base";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { writeTinyGguf } from "../../../../../test/support/tiny-gguf.mjs";
import { chatRequest, engineContract, greedy, readAnswer } from "../../ports/engine.contract.ts";
import type { EngineReplica } from "../../ports/engine.ts";
import { createNodeLlamaCppEngine } from "./engine.ts";
import { findEngineBinary } from "./engine-binary.ts";

/** Where `muster worker build-engine` puts its result; without one there is nothing to test here. */
const engineDirectory = join(homedir(), ".cache", "muster", "engine");
const binary = findEngineBinary(engineDirectory);
const createEngine = () => createNodeLlamaCppEngine({ log: silentLog, engineDirectory });

describe.skipIf(binary === undefined)("the compiled engine", () => {
  let folder: string;
  let modelPath: string;
  const open: EngineReplica[] = [];

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), "muster-compiled-"));
    modelPath = join(folder, "tiny.gguf");
    await writeTinyGguf(modelPath);
  });
  afterAll(async () => {
    await Promise.all(open.map((replica) => replica.close()));
    await rm(folder, { recursive: true, force: true });
  });

  engineContract("node-llama-cpp, compiled", createEngine, async () => modelPath);

  it("chooses the same tokens as the prebuilt one, for the same seed", async () => {
    const load = (engine: ReturnType<typeof createEngine>) =>
      engine.load(
        { modelPath, slots: 2, contextTokens: 512, threads: 1, gpu: "off" },
        { signal: new AbortController().signal, onProgress() {} },
      );
    const [compiled, prebuilt] = await Promise.all([
      load(createEngine()),
      load(createNodeLlamaCppEngine({ log: silentLog })),
    ]);
    open.push(compiled, prebuilt);
    const samplings = [
      { ...greedy, temperature: 1, topK: 64, topP: 0.9, minP: 0.02, seed: 7 },
      { ...greedy, temperature: 0.7, topK: 256, topP: 1, seed: 8 },
      { ...greedy, temperature: 1, seed: 9, frequencyPenalty: 1, presencePenalty: 0.5 },
    ];
    for (const sampling of samplings) {
      const request = chatRequest("tell me", { maxTokens: 12, sampling });
      const [ours, theirs] = await Promise.all([
        readAnswer(compiled, request),
        readAnswer(prebuilt, request),
      ]);
      expect(ours.text).toBe(theirs.text);
    }
  }, 30_000);
});
