import { createReadStream } from "node:fs";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { BadRequestError, NotFoundError, OpenAI } from "openai";
import { beforeAll, describe, expect, it } from "vitest";
import { resultLines } from "../harness/batch-api.ts";
import { batchInput, problemsOf } from "../harness/batch-lines.ts";
import {
  eventually,
  model,
  startCluster,
  type TestCluster,
  temporaryDirectory,
  untilSuiteEnds,
} from "../harness/cluster.ts";
import { knownAnswers } from "../support/built-in-model.ts";

function client({ url }: TestCluster): OpenAI {
  return new OpenAI({ baseURL: `${url}/v1`, apiKey: "unused", maxRetries: 0 });
}

async function fileOf(text: string): Promise<string> {
  const path = join(await temporaryDirectory(), "lines.jsonl");
  await writeFile(path, text);
  return path;
}

/** As OpenAI's documentation does it: upload, create, ask until it is over. */
async function runBatch(openai: OpenAI, path: string): Promise<OpenAI.Batch> {
  const file = await openai.files.create({ file: createReadStream(path), purpose: "batch" });
  let batch = await openai.batches.create({
    input_file_id: file.id,
    endpoint: "/v1/chat/completions",
    completion_window: "24h",
  });
  await eventually(
    async () => {
      batch = await openai.batches.retrieve(batch.id);
      return ["completed", "failed", "expired", "cancelled"].includes(batch.status);
    },
    120_000,
    100,
  );
  return batch;
}

async function textOf(openai: OpenAI, fileId: string | null | undefined): Promise<string> {
  return fileId ? (await openai.files.content(fileId)).text() : "";
}

describe("the official openai package", () => {
  let cluster: TestCluster;
  let openai: OpenAI;
  const atEnd = untilSuiteEnds();
  beforeAll(async () => {
    cluster = await startCluster({}, atEnd);
    await cluster.workerProcess("desk");
    openai = client(cluster);
  });

  it("uploads, lists, reads and deletes files", async () => {
    const text = batchInput({ count: 3 }).text;
    const path = await fileOf(text);
    const file = await openai.files.create({
      file: createReadStream(path),
      purpose: "batch",
      expires_after: { anchor: "created_at", seconds: 3_600 },
    });
    expect(file).toMatchObject({
      object: "file",
      bytes: text.length,
      filename: "lines.jsonl",
      purpose: "batch",
    });
    expect(file.expires_at).toBe(file.created_at + 3_600);
    expect(await openai.files.retrieve(file.id)).toEqual(file);
    expect(await textOf(openai, file.id)).toBe(text);
    const other = await openai.files.create({ file: createReadStream(path), purpose: "batch" });
    const listed: string[] = [];
    for await (const one of openai.files.list({ limit: 1, purpose: "batch" })) listed.push(one.id);
    expect(listed).toEqual(expect.arrayContaining([file.id, other.id]));
    expect(new Set(listed).size).toBe(listed.length);
    expect(await openai.files.delete(file.id)).toEqual({ id: file.id, object: "file", deleted: true });
    await expect(openai.files.retrieve(file.id)).rejects.toBeInstanceOf(NotFoundError);
  });

  it("runs a batch to its end", async () => {
    const input = batchInput({ count: 40, refuseEvery: 20 });
    const batch = await runBatch(openai, await fileOf(input.text));
    expect(batch).toMatchObject({ object: "batch", status: "completed", endpoint: "/v1/chat/completions" });
    expect(batch.model).toBe(model);
    const files = {
      output: resultLines(await textOf(openai, batch.output_file_id)),
      errors: resultLines(await textOf(openai, batch.error_file_id)),
    };
    const counted = JSON.parse(JSON.stringify(batch)) as Parameters<typeof problemsOf>[1];
    expect(problemsOf(input, counted, files)).toEqual([]);
  });

  it("pages through batches, newest first, and cancels one", async () => {
    const slow = await startCluster();
    await slow.worker("slow", { slots: 1, stubTokensPerSecond: 10 });
    const slowly = client(slow);
    const path = await fileOf(batchInput({ count: 100 }).text);
    const file = await slowly.files.create({ file: createReadStream(path), purpose: "batch" });
    const ids: string[] = [];
    for (let i = 0; i < 3; i++) {
      const batch = await slowly.batches.create({
        input_file_id: file.id,
        endpoint: "/v1/chat/completions",
        completion_window: "24h",
        metadata: { number: String(i) },
      });
      ids.unshift(batch.id);
    }
    const listed: OpenAI.Batch[] = [];
    for await (const one of slowly.batches.list({ limit: 2 })) listed.push(one);
    expect(new Set(listed.map(({ id }) => id))).toEqual(new Set(ids));
    expect(listed.map(({ metadata }) => metadata?.["number"]).sort()).toEqual(["0", "1", "2"]);
    for (const id of ids) {
      expect(["cancelling", "cancelled"]).toContain((await slowly.batches.cancel(id)).status);
      await eventually(async () => (await slowly.batches.retrieve(id)).status === "cancelled");
      await expect(slowly.batches.cancel(id)).rejects.toBeInstanceOf(BadRequestError);
    }
  });
});

describe("the built-in model on two workers", () => {
  it("answers a batch right, and in the order of its lines", async () => {
    const cluster = await startCluster();
    const args = ["--slots", "4", "--threads", "1", "--context", "2048"];
    await cluster.workerProcess("desk-1", { modelPath: "builtin:tiny-gemma", args });
    await cluster.workerProcess("desk-2", { modelPath: "builtin:tiny-gemma", args });
    const openai = client(cluster);
    const asked = knownAnswers().filter(({ expected }) => expected.content !== undefined);
    expect(asked.length).toBeGreaterThan(20);
    const lines = asked.map(({ request }, i) =>
      JSON.stringify({
        custom_id: `question ${i}`,
        method: "POST",
        url: "/v1/chat/completions",
        body: { model, temperature: 0, max_tokens: 128, ...request },
      }),
    );
    const batch = await runBatch(openai, await fileOf(`${lines.join("\n")}\n`));
    expect(batch).toMatchObject({ status: "completed", error_file_id: null });
    const results = resultLines(await textOf(openai, batch.output_file_id));
    expect(results.map(({ custom_id }) => custom_id)).toEqual(asked.map((_one, i) => `question ${i}`));
    expect(results.map(({ response }) => response?.body.choices?.[0]?.message.content)).toEqual(
      asked.map(({ expected }) => expected.content),
    );
    const makers = new Set(
      results.map(
        ({ response }) => (response?.body as { system_fingerprint?: string } | undefined)?.system_fingerprint,
      ),
    );
    expect(makers).toEqual(new Set(["muster-desk-1-stub-model", "muster-desk-2-stub-model"]));
  });
});
