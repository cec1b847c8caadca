import { join } from "node:path";
import { type GenerateRequest, MusterError, silentLog } from "@muster/base";
import { createNodeLlamaCppEngine } from "@muster/worker";
import { describe, expect, it, onTestFinished } from "vitest";
import { temporaryDirectory } from "../../harness/cluster.ts";
import { writeTinyGguf } from "../../support/tiny-gguf.mjs";

const chat: GenerateRequest = {
  task: "generate",
  prompt: { kind: "chat", messages: [{ role: "user", content: "hello" }] },
  sampling: {
    ...{ temperature: 0, topK: 1, topP: 1, minP: 0, seed: 1 },
    ...{ frequencyPenalty: 0, presencePenalty: 0 },
  },
  maxTokens: 2,
  stop: [],
};

/** How a model with this template ends: the tokens of its prompt, or the code of what failed. */
async function outcomeOf(template: string): Promise<{ readonly load: string; readonly chat?: string }> {
  const modelPath = join(await temporaryDirectory(), "hostile.gguf");
  await writeTinyGguf(modelPath, { chatTemplate: template });
  const engine = createNodeLlamaCppEngine({ log: silentLog });
  try {
    const replica = await engine.load(
      { modelPath, slots: 1, contextTokens: 512, threads: 1, gpu: "off" },
      { signal: AbortSignal.timeout(30_000), onProgress() {} },
    );
    onTestFinished(() => replica.close());
    try {
      for await (const event of replica.infer(chat, AbortSignal.timeout(20_000)))
        if (event.kind === "end") return { load: "loaded", chat: event.reason };
      return { load: "loaded", chat: "no end" };
    } catch (error) {
      return { load: "loaded", chat: MusterError.from(error).code };
    }
  } catch (error) {
    expect(MusterError.from(error).message).toContain("chat template");
    return { load: MusterError.from(error).code };
  }
}

describe("templates are data only", () => {
  it.each([
    [
      "loops in loops",
      "{% for i in range(200000) %}{% for j in range(200000) %}{{ i }}{% endfor %}{% endfor %}",
    ],
    ["a template that is longer than any", `{# ${"x".repeat(300_000)} #}`],
  ])("%s end in time, and the model is not loaded", async (_what, template) => {
    expect(await outcomeOf(template)).toEqual({ load: "model_load_failed" });
  });

  it("what ends only for two short messages ends the request, not the engine", async () => {
    const outcome = await outcomeOf(
      "{% if messages | length == 1 %}{% for i in range(200000) %}{% for j in range(200000) %}{{ i }}{% endfor %}{% endfor %}{% endif %}a system message",
    );
    expect(outcome).toEqual({ load: "loaded", chat: "engine_failed" });
  });
});
