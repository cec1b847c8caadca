import { ManualClock, MusterError, type TokenizeRequest } from "@muster/base";
import { describe, expect, it } from "vitest";
import type { BatchEndpoint } from "../../core/batches/batch.ts";
import { objectKeys } from "../../core/batches/keys.ts";
import { testReplicaView, testWorkerView } from "../../core/fleet/worker.fixture.ts";
import type { WorkerView } from "../../core/fleet/worker.ts";
import { createLineEndpoints } from "../../http/batch-lines/line-endpoints.ts";
import type { FileRecord } from "./file-store.ts";
import { fileId, line, resolvedTo, testStore } from "./ingest.fixture.ts";
import { type PlanDeps, planBatch } from "./plan-batch.ts";

const contextTokens = 1_000;
const never = new AbortController().signal;

/** A worker with two slots that serves `chat` at 10 tokens a second each, and has read nothing yet. */
const worker: WorkerView = testWorkerView({
  name: "desk-7",
  replicas: [
    testReplicaView({
      model: "chat",
      contextTokens,
      capabilities: new Set(["chat"]),
      decodeTokensPerSecond: 10,
    }),
  ],
});

/** Ten tokens around each prompt, and one for each three characters of it. */
function tokensOf({ prompt }: TokenizeRequest): number {
  const text = prompt.kind === "text" ? prompt.text : prompt.messages.map(({ content }) => content).join("");
  return 10 + text.length / 3;
}

function chat(customId: string, characters: number, over: Readonly<Record<string, unknown>> = {}): string {
  const messages = [{ role: "user", content: "a".repeat(characters) }];
  return line(customId, { body: { model: "chat", messages, max_tokens: 90, ...over } });
}

interface Asked {
  readonly deps?: Partial<PlanDeps>;
  readonly endpoint?: BatchEndpoint;
  readonly purpose?: FileRecord["purpose"];
  readonly signal?: AbortSignal;
}

async function plan(lines: readonly string[], asked: Asked = {}) {
  const store = await testStore();
  await store.put(objectKeys.fileContent(fileId), Buffer.from(lines.join("\n")));
  const file: FileRecord = {
    ...{ id: fileId, tenant: "lab", filename: "a.jsonl", purpose: asked.purpose ?? "batch" },
    ...{ bytes: 1, createdAtMs: 0, expiresAtMs: undefined },
  };
  const tokenized: { readonly model: string; readonly request: TokenizeRequest }[] = [];
  const report = await planBatch(
    {
      ...{ store, endpoints: createLineEndpoints(), clock: new ManualClock() },
      files: { get: async () => file },
      served: {
        list: () => ["chat", "vectors"],
        has: (model) => model === "chat" || model === "vectors",
        canDo: () => true,
        capabilities: () => new Set(),
        slots: () => 2,
        resolve: (name) => (name === "chat" || name === "vectors" ? resolvedTo(name) : { kind: "unknown" }),
      },
      fleet: { workers: () => [worker] },
      expected: () => [],
      limits: { maxLines: 10_000, maxLineBytes: 1_048_576 },
      async tokenize(model, request) {
        tokenized.push({ model, request });
        return tokensOf(request);
      },
      ...asked.deps,
    },
    {
      ...{ tenant: "lab", inputFileId: fileId, signal: asked.signal ?? never },
      endpoint: asked.endpoint ?? "/v1/chat/completions",
    },
  );
  return { report, tokenized };
}

describe("the plan of a batch", () => {
  it("estimates tokens and hours by a sample that the model's tokenizer has counted", async () => {
    const sizes = Array.from({ length: 500 }, (_none, index) => 30 + 3 * index);
    const { report, tokenized } = await plan(sizes.map((size, index) => chat(`c${index}`, size)));
    expect(tokenized.length).toBeLessThanOrEqual(64);
    expect(tokenized.length).toBeGreaterThan(50);
    const real = sizes.reduce((sum, size) => sum + 10 + size / 3, 0);
    const [model] = report.models;
    expect(report).toMatchObject({ lines: 500, errors: [], errorCount: 0 });
    expect(model).toMatchObject({
      ...{ model: "chat", lines: 500, maxCompletionTokens: 45_000, tooLongLines: [], tooLongCount: 0 },
      workers: [{ name: "desk-7", slots: 2 }],
    });
    expect(Math.abs((model?.estimatedPromptTokens ?? 0) / real - 1)).toBeLessThan(0.01);
    // Two slots at 10 tokens a second, reading ten times as fast.
    expect(model?.hours).toBeCloseTo((45_000 + real / 10) / 20 / 3_600, 3);
    expect(report.hours).toBe(model?.hours);
  });

  it("takes its sample from all over the file", async () => {
    const { tokenized } = await plan(
      Array.from({ length: 640 }, (_none, index) => chat(`c${index}`, index + 1)),
    );
    const places = tokenized.map(({ request }) => 3 * (tokensOf(request) - 10)).sort((a, b) => a - b);
    expect(places).toHaveLength(64);
    const gaps = places.slice(1).map((place, index) => place - (places[index] ?? 0));
    expect(Math.max(...gaps)).toBeLessThanOrEqual(10.5);
    expect(places.at(-1)).toBeGreaterThan(620);
  });

  it("lists the lines that do not fit, and counts those that are near to the limit", async () => {
    // With 90 tokens of answer the limit is at 910 tokens of prompt: 2,700 characters.
    const sizes = [100, 2_697, 2_700, 2_703, 9_000, 2_730, 300];
    const { report, tokenized } = await plan(sizes.map((size, index) => chat(`c${index}`, size)));
    expect(report.models[0]).toMatchObject({ tooLongLines: [4, 5, 6], tooLongCount: 3 });
    // All seven for the sample, and the four near ones once more.
    expect(tokenized).toHaveLength(11);
  });

  it("goes by four characters a token where nobody can count", async () => {
    for (const tokenize of [
      async () => undefined,
      () => Promise.reject(new MusterError("queue_timeout", "No slot.")),
    ]) {
      const { report } = await plan([chat("a", 400), chat("b", 4_000)], { deps: { tokenize } });
      expect(report.models[0]).toMatchObject({ estimatedPromptTokens: 1_100, tooLongLines: [2] });
    }
  });

  it("waits twenty seconds for tokenizers, and estimates what is left", async () => {
    const clock = new ManualClock();
    let asked = 0;
    const tokenize: PlanDeps["tokenize"] = (_model, _request, signal) => {
      asked += 1;
      // All that are asked at once hang: time goes by.
      if (asked === 4) queueMicrotask(() => clock.advance(20_000));
      return new Promise((resolve) => signal.addEventListener("abort", () => resolve(undefined)));
    };
    const lines = Array.from({ length: 100 }, (_none, index) => chat(`c${index}`, 400));
    const { report } = await plan(lines, { deps: { clock, tokenize } });
    expect(asked).toBe(4);
    expect(report.models[0]).toMatchObject({ lines: 100, estimatedPromptTokens: 10_000 });
  });

  it("counts room up to the context for lines without a limit, for each of their answers", async () => {
    const body = { max_tokens: undefined, n: 2 };
    const { report } = await plan([chat("a", 300, body), chat("b", 600, body)]);
    const room = 2 * (contextTokens - 110) + 2 * (contextTokens - 210);
    const [model] = report.models;
    expect(Math.abs((model?.maxCompletionTokens ?? 0) - room)).toBeLessThanOrEqual(1);
    expect(model?.hours).toBeCloseTo((4 * 256 + (2 * 110 + 2 * 210) / 10) / 20 / 3_600, 4);
  });

  it("says nothing of time where nobody serves the model here, and estimates all the same", async () => {
    const embedding = (customId: string, input: readonly string[]) =>
      line(customId, { url: "/v1/embeddings", body: { model: "vectors", input } });
    const { report, tokenized } = await plan([embedding("a", ["abc", "abcdef"]), embedding("b", ["abc"])], {
      endpoint: "/v1/embeddings",
    });
    expect(tokenized.map(({ request }) => request)).toContainEqual({
      task: "tokenize",
      prompt: { kind: "text", text: "abcdef" },
    });
    const [model] = report.models;
    expect(model).toMatchObject({ model: "vectors", lines: 2, maxCompletionTokens: 0, workers: [] });
    // Three texts: ten tokens each, and four for twelve characters.
    expect(model?.estimatedPromptTokens).toBe(34);
    expect(report.hours).toBeUndefined();
  });

  it("finds the errors that a batch would fail with, and plans the good lines", async () => {
    const lines = [chat("a", 30), "{", chat("a", 30), chat("b", 30, { model: "nobody" }), chat("c", 30)];
    const { report } = await plan(lines);
    expect(report).toMatchObject({ lines: 5, errorCount: 3, models: [{ model: "chat", lines: 2 }] });
    expect(report.errors.map(({ code, line: number }) => [number, code])).toEqual([
      [2, "invalid_json_line"],
      [3, "duplicate_custom_id"],
      [4, "model_not_found"],
    ]);
    expect((await plan([""])).report).toMatchObject({
      ...{ lines: 0, errorCount: 1, models: [], hours: undefined },
    });
  });

  it("refuses a file that is no input, and stops when nobody waits any more", async () => {
    await expect(plan([chat("a", 30)], { purpose: "batch_output" })).rejects.toMatchObject({
      code: "invalid_request",
      param: "input_file_id",
    });
    const gone = new AbortController();
    const tokenize = async () => {
      gone.abort();
      return undefined;
    };
    await expect(plan([chat("a", 30)], { signal: gone.signal, deps: { tokenize } })).rejects.toMatchObject({
      code: "cancelled",
    });
  });
});
