import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type GenerateRequest, silentLog } from "@muster/base";
import { afterAll, beforeAll, expect, it } from "vitest";
import { writeTinyGguf } from "../../../../../test/support/tiny-gguf.mjs";
import { chatRequest, readAnswer } from "../../ports/engine.contract.ts";
import type { EngineReplica } from "../../ports/engine.ts";
import { createNodeLlamaCppEngine } from "./engine.ts";

const slots = 6;
const syllables = ["ka", "tomi", "bado", "ne", "poro", "live", "dahu", "sogu", "feze"];
const words = Array.from({ length: 700 }, (_, i) => syllables[(i * i * 7 + i * 3 + (i >> 3)) % 9]).join(" ");

let folder: string;
let together: EngineReplica;
let alone: EngineReplica;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "muster-prefix-"));
  const modelPath = join(folder, "tiny.gguf");
  await writeTinyGguf(modelPath);
  const load = (count: number) =>
    createNodeLlamaCppEngine({ log: silentLog }).load(
      { modelPath, slots: count, contextTokens: 4096, threads: 1, gpu: "off" },
      { signal: new AbortController().signal, onProgress() {} },
    );
  [together, alone] = await Promise.all([load(slots), load(1)]);
}, 30_000);
afterAll(async () => {
  await Promise.all([together?.close(), alone?.close()]);
  await rm(folder, { recursive: true, force: true });
});

const request = (text: string): GenerateRequest => ({
  ...chatRequest("", { maxTokens: 24 }),
  prompt: { kind: "text", text },
});

/** On the one slot, after something that has no beginning in common: nothing can be taken over. */
async function withoutReuse(text: string) {
  await readAnswer(alone, { ...request("zz"), maxTokens: 1 });
  const answer = await readAnswer(alone, request(text));
  expect(answer.end.usage.cachedTokens).toBeLessThanOrEqual(1);
  return answer;
}

it("evaluates a beginning once for all that come together, and answers as if it had not", async () => {
  const prompts = Array.from({ length: slots }, (_, i) => `${words} ${syllables[i]} ${i}`);
  const answers = await Promise.all(prompts.map((text) => readAnswer(together, request(text))));
  for (const [i, text] of prompts.entries()) {
    expect(answers[i]?.text).toBe((await withoutReuse(text)).text);
  }
  const cached = answers.map(({ end }) => end.usage.cachedTokens).sort((a, b) => a - b);
  const { promptTokens } = answers[0]?.end.usage ?? { promptTokens: 0 };
  expect(cached[0]).toBe(0);
  for (const tokens of cached.slice(1)) expect(tokens).toBeGreaterThan(promptTokens - 32);
}, 60_000);

it("copies from an answer that is under way, and neither of the two notices", async () => {
  const first = `${words} first`;
  const second = `${words} second`;
  const answering = together.infer({ ...request(first), maxTokens: 200 }, new AbortController().signal);
  let text = "";
  let other: Awaited<ReturnType<typeof readAnswer>> | undefined;
  for await (const event of answering) {
    if (event.kind === "text") text += event.text;
    other ??= await readAnswer(together, request(second));
  }
  await readAnswer(alone, { ...request("zz"), maxTokens: 1 });
  expect(text).toBe((await readAnswer(alone, { ...request(first), maxTokens: 200 })).text);
  expect(other?.text).toBe((await withoutReuse(second)).text);
  expect(other?.end.usage.cachedTokens).toBeGreaterThan(500);
}, 60_000);
