import { Redis } from "ioredis";
import { describe, expect, it, onTestFinished } from "vitest";
import { type BatchJson, createBatchApi } from "../../harness/batch-api.ts";
import { batchInput } from "../../harness/batch-lines.ts";
import { freshPrefix, startLimitedPair } from "../../harness/limited-pair.ts";
import { testRedis } from "../../support/redis.ts";

const slow = { stubTokensPerSecond: 4, slots: 2 };

/** What Redis knows of tenants is lost. */
async function forgetClaims(prefix: string): Promise<void> {
  const redis = new Redis((await testRedis()).url);
  onTestFinished(() => redis.disconnect());
  const keys = await redis.keys(`${prefix}:claims:*`);
  expect(keys.length).toBeGreaterThan(0);
  await redis.del(...keys);
}

describe("queued lines: two orchestrators, batches from both", () => {
  it("are never more than the key may have, also after Redis was lost, and come back when a batch is over", async () => {
    const redisPrefix = freshPrefix();
    const pair = await startLimitedPair({ redisPrefix, limits: { batch_lines: 100 } }, slow);
    const apis = pair.map(({ url, key }) => createBatchApi({ url: () => url, key }));
    const apiOf = (at: number) =>
      apis[at % 2] ?? createBatchApi({ url: () => pair[0].url, key: pair[0].key });
    const file = await apiOf(0).upload(batchInput({ count: 30 }).text);
    const create = async (at: number) => {
      const { id } = await apiOf(at).create(file.id);
      return apiOf(at).until(id, ({ status }) => status !== "validating");
    };
    const made = await Promise.all(Array.from({ length: 8 }, (_none, at) => create(at)));
    const failed = made.filter(({ status }) => status === "failed");
    const queued = made.filter(({ status }) => status === "in_progress");
    expect(queued.length).toBe(3);
    expect(failed.length).toBe(5);
    expect(errorOf(failed[0])?.code).toBe("batch_lines_quota_exceeded");
    expect(errorOf(failed[0])?.message).toMatch(/has 30 lines, and 90 lines .* may have 100 queued at once/);

    await forgetClaims(redisPrefix);
    expect((await create(1)).status).toBe("failed");

    const [first] = queued;
    if (first === undefined) throw new Error("unreachable");
    await apiOf(0).act(first.id, "cancel");
    await apiOf(0).untilState(first.id, "cancelled");
    const next = await create(1);
    expect(next.status).toBe("in_progress");
    await Promise.all([...queued.slice(1), next].map(({ id }) => apiOf(0).act(id, "cancel")));
  });
});

describe("stored bytes: two orchestrators, uploads to both", () => {
  it("are never more than the key may keep, also after Redis was lost, and come back with each removal", async () => {
    const redisPrefix = freshPrefix();
    const pair = await startLimitedPair({ redisPrefix, limits: { stored_bytes: 100_000 } });
    const { auth: headers } = pair[0];
    const upload = (at: number, bytes = 30_000) => {
      const form = new FormData();
      form.set("purpose", "batch");
      form.set("file", new Blob(["x".repeat(bytes)]), "lines.jsonl");
      const { url, auth: headers } = pair[at % 2] ?? pair[0];
      return fetch(`${url}/v1/files`, { method: "POST", body: form, headers });
    };
    const answers = await Promise.all(Array.from({ length: 10 }, (_none, at) => upload(at)));
    const kept = answers.filter(({ status }) => status === 200);
    const [refused] = answers.filter(({ status }) => status === 429);
    expect(kept.length).toBe(3);
    if (refused === undefined) throw new Error("nothing was refused");
    const { error } = (await refused.json()) as { error: { code: string; message: string; param: string } };
    expect(error).toMatchObject({ code: "insufficient_quota", param: "file" });
    expect(error.message).toMatch(/may keep 100000 bytes of files/);
    const { data } = (await (await fetch(`${pair[1].url}/v1/files`, { headers })).json()) as {
      data: { bytes: number }[];
    };
    expect(data.reduce((sum, { bytes }) => sum + bytes, 0)).toBe(90_000);
    expect((await upload(0, 10_001)).status).toBe(429);

    await forgetClaims(redisPrefix);
    expect((await upload(1)).status).toBe(429);
    const [first] = kept;
    if (first === undefined) throw new Error("unreachable");
    const { id } = (await first.json()) as { id: string };
    expect((await fetch(`${pair[0].url}/v1/files/${id}`, { method: "DELETE", headers })).status).toBe(200);
    expect((await upload(1)).status).toBe(200);
    expect((await upload(0)).status).toBe(429);
  });

  it("hold what comes of batches, which is kept whatever it takes", async () => {
    const { text } = batchInput({ count: 20 });
    const [one] = await startLimitedPair({ limits: { stored_bytes: text.length + 100 } });
    const api = createBatchApi({ url: () => one.url, key: one.key });
    const file = await api.upload(text);
    const batch = await api.create(file.id);
    const done = await api.untilState(batch.id, "completed");
    expect((await api.results(done.output_file_id)).length).toBe(20);
    await expect(api.upload("{}\n")).rejects.toThrow(/429/);
  });
});

function errorOf(batch: BatchJson | undefined) {
  return batch?.errors?.data[0];
}
