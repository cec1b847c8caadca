import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { getLlama, type Llama } from "node-llama-cpp";
import { afterAll, beforeAll, expect, it } from "vitest";
import { writeTinyGguf } from "../../../../../test/support/tiny-gguf.mjs";
import { createGrammarCache, type GrammarCache } from "./grammar-cache.ts";

let folder: string;
let llama: Llama;
let cache: GrammarCache;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "muster-grammars-"));
  const modelPath = join(folder, "tiny.gguf");
  await writeTinyGguf(modelPath);
  llama = await getLlama({ gpu: false, build: "never", skipDownload: true, maxThreads: 1 });
  cache = createGrammarCache(await llama.loadModel({ modelPath, vocabOnly: true }));
}, 30_000);
afterAll(async () => {
  await llama.dispose();
  await rm(folder, { recursive: true, force: true });
});

it("gives every answer a state of its own, also for a grammar that is known", () => {
  const states = Array.from({ length: 100 }, (_, i) => cache.begin(`root ::= "${i % 40}"`));
  expect(new Set(states).size).toBe(100);
});

it("says that a grammar cannot be read", () => {
  expect(() => cache.begin("root ::= (")).toThrow(expect.objectContaining({ code: "engine_failed" }));
});
