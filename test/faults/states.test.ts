import { createDiskObjectStore, objectKeys } from "@muster/orchestrator/testing";
import { describe, expect, it } from "vitest";
import { type BatchApi, type BatchJson, createBatchApi } from "../harness/batch-api.ts";
import { batchInput, chatLine, countProblems, problemsOf } from "../harness/batch-lines.ts";
import { chat, eventually, startCluster, type TestCluster, untilTestEnds } from "../harness/cluster.ts";
import { startOffice } from "../harness/office.ts";

async function submit(api: BatchApi, text: string): Promise<BatchJson> {
  return api.create((await api.upload(text)).id);
}

async function filesOf(api: BatchApi, batch: BatchJson) {
  return {
    output: await api.results(batch.output_file_id),
    errors: await api.results(batch.error_file_id),
  };
}

function apiOf({ url }: TestCluster): BatchApi {
  return createBatchApi({ url: () => url });
}

/** Every line is in one of the files, once, and those that were never run say why. */
function expectPartial(count: number, code: string, files: Awaited<ReturnType<typeof filesOf>>): void {
  const { output, errors } = files;
  const numbers = [...output, ...errors].map(({ custom_id }) => Number(custom_id.slice("line-".length)));
  expect(numbers.sort((a, b) => a - b)).toEqual(Array.from({ length: count }, (_none, line) => line));
  for (const { response, error } of errors) {
    expect(response).toBeNull();
    expect(error?.code).toBe(code);
  }
  const inOrder = (lines: typeof errors) => lines.map(({ custom_id }) => Number(custom_id.slice(5)));
  for (const file of [output, errors])
    expect(inOrder(file)).toEqual([...inOrder(file)].sort((a, b) => a - b));
}

describe("the states of a batch", () => {
  it("validating, in progress, finalizing, completed: each with its time", async () => {
    const cluster = await startCluster();
    await cluster.worker("desk");
    const api = apiOf(cluster);
    const input = batchInput({ count: 200 });
    const created = await submit(api, input.text);
    expect(created.status).toBe("validating");
    expect(created.request_counts).toEqual({ total: 0, completed: 0, failed: 0 });
    const batch = await api.untilState(created.id, "completed");
    expect(problemsOf(input, batch, await filesOf(api, batch))).toEqual([]);
    const times = [batch.created_at, batch.in_progress_at, batch.finalizing_at, batch.completed_at];
    expect(times.every((time) => Number.isInteger(time))).toBe(true);
    expect(times).toEqual([...times].sort((a, b) => Number(a) - Number(b)));
    expect([batch.failed_at, batch.expired_at, batch.cancelling_at, batch.cancelled_at]).toEqual(
      Array(4).fill(null),
    );
  });

  it("failed, with the number of each bad line, and no line is run", async () => {
    const cluster = await startCluster();
    await cluster.worker("desk");
    const api = apiOf(cluster);
    const lines = [chatLine(0, "good"), "{not json", chatLine(0, "the same id again")];
    const batch = await api.untilState((await submit(api, lines.join("\n"))).id, "failed");
    expect(batch.errors?.data.map(({ code, line }) => [code, line])).toEqual([
      ["invalid_json_line", 2],
      ["duplicate_custom_id", 3],
    ]);
    expect([batch.output_file_id, batch.error_file_id]).toEqual([null, null]);
    expect(batch.failed_at).toBeGreaterThanOrEqual(batch.created_at);
    expect(cluster.orchestrator.load().runningAttempts).toBe(0);
  });

  it("completed without an output file where every line has failed", async () => {
    const cluster = await startCluster();
    await cluster.worker("desk");
    const api = apiOf(cluster);
    const input = batchInput({ count: 30, refuseEvery: 1 });
    const batch = await api.untilState((await submit(api, input.text)).id, "completed");
    expect(batch.output_file_id).toBeNull();
    expect(problemsOf(input, batch, await filesOf(api, batch))).toEqual([]);
  });

  it("cancelling, then cancelled, with the answers that were there", async () => {
    const cluster = await startCluster();
    await cluster.worker("desk", { slots: 2, stubTokensPerSecond: 100 });
    const api = apiOf(cluster);
    const { id } = await submit(api, batchInput({ count: 500 }).text);
    await api.until(id, ({ request_counts }) => request_counts.completed >= 5);
    expect(["cancelling", "cancelled"]).toContain((await api.act(id, "cancel")).status);
    const batch = await api.untilState(id, "cancelled");
    const files = await filesOf(api, batch);
    expect(files.output.length).toBeGreaterThanOrEqual(5);
    expect(files.errors.length).toBeGreaterThan(0);
    expectPartial(500, "batch_cancelled", files);
    expect(countProblems(500, batch, files)).toEqual([]);
    expect(batch.cancelling_at).toBeLessThanOrEqual(Number(batch.cancelled_at));
    await eventually(() => cluster.orchestrator.load().runningAttempts === 0);
  });

  it("expired, with the answers that were there", async () => {
    const cluster = await startCluster({ shortestBatchWindowMs: 1_000 });
    await cluster.worker("desk", { slots: 2, stubTokensPerSecond: 100 });
    const api = apiOf(cluster);
    const { id: fileId } = await api.upload(batchInput({ count: 500 }).text);
    const { id, expires_at, created_at } = await api.create(fileId, { completion_window: "3s" });
    expect(expires_at).toBe(created_at + 3);
    const batch = await api.untilState(id, "expired");
    const files = await filesOf(api, batch);
    expect(files.output.length).toBeGreaterThan(0);
    expect(files.errors.length).toBeGreaterThan(0);
    expectPartial(500, "batch_expired", files);
    expect(countProblems(500, batch, files)).toEqual([]);
    await eventually(() => cluster.orchestrator.load().runningAttempts === 0);
  });

  it("paused: nothing more is run, people are served, and it goes on where it was", async () => {
    const cluster = await startCluster();
    await cluster.worker("desk", { slots: 2, stubTokensPerSecond: 200 });
    const api = apiOf(cluster);
    const input = batchInput({ count: 150 });
    const { id } = await submit(api, input.text);
    await api.until(id, ({ request_counts }) => request_counts.completed >= 3);
    expect((await api.act(id, "pause")).muster.paused).toBe(true);
    await eventually(async () => (await linesRunning(cluster)) === 0);
    const held = (await api.get(id)).request_counts.completed;
    for (let i = 0; i < 5; i++) {
      const answer = await cluster.post("/v1/chat/completions", chat("meanwhile", { max_tokens: 40 }));
      expect(answer.status).toBe(200);
      await answer.text();
    }
    const paused = await api.get(id);
    expect(paused.request_counts.completed).toBe(held);
    expect(paused.status).toBe("in_progress");
    expect((await api.act(id, "resume")).muster.paused).toBe(false);
    const batch = await api.untilState(id, "completed");
    expect(problemsOf(input, batch, await filesOf(api, batch))).toEqual([]);
  });
});

describe("a batch in the hands of one orchestrator", () => {
  it("expires with what is done, also when the orchestrator was away at that moment", async () => {
    const office = await startOffice(
      { orchestrators: 1, workers: 1, slots: 2, env: { MUSTER_STUB_RATE: "100" } },
      untilTestEnds,
    );
    const [orchestrator] = office.orchestrators;
    const api = createBatchApi({ url: office.url });
    const { id } = await submit(api, batchInput({ count: 500 }).text);
    await api.until(id, ({ request_counts }) => request_counts.completed >= 5);
    await orchestrator.kill();
    await moveExpiry(office.storeDirectory, id, Date.now() - 1);
    await orchestrator.start();
    const batch = await api.untilState(id, "expired", 60_000);
    const files = await filesOf(api, batch);
    expect(files.output.length).toBeGreaterThanOrEqual(5);
    expectPartial(500, "batch_expired", files);
    expect(countProblems(500, batch, files)).toEqual([]);
  });

  for (const signal of ["SIGKILL", "SIGTERM"] as const) {
    it(`goes on when that one is started again after ${signal}`, async () => {
      const office = await startOffice(
        { orchestrators: 1, workers: 2, slots: 4, env: { MUSTER_STUB_RATE: "200" } },
        untilTestEnds,
      );
      const [orchestrator] = office.orchestrators;
      const api = createBatchApi({ url: office.url });
      const input = batchInput({ count: 600, refuseEvery: 100 });
      const { id } = await submit(api, input.text);
      await api.until(id, ({ request_counts }) => request_counts.completed >= 50);
      await orchestrator.kill(signal);
      await orchestrator.start();
      const batch = await api.untilState(id, "completed", 90_000);
      expect(problemsOf(input, batch, await filesOf(api, batch))).toEqual([]);
      office.checkAccidents();
    });
  }
});

/** Lines count until they are committed. */
async function linesRunning({ url }: TestCluster): Promise<number> {
  const metrics = await (await fetch(`${url}/metrics`)).text();
  return Number(/^muster_batch_lines_running (\d+)/m.exec(metrics)?.[1]);
}

/** Nobody can ask for a window of seconds: the record of the batch is changed while no orchestrator runs. */
async function moveExpiry(storeDirectory: string, batchId: string, expiresAtMs: number): Promise<void> {
  const store = createDiskObjectStore({ directory: storeDirectory });
  const key = objectKeys.batchRecord(batchId);
  const bytes = await store.get(key);
  const record = JSON.parse(new TextDecoder().decode(bytes)) as Record<string, unknown>;
  expect(record["expiresAtMs"]).toBeGreaterThan(expiresAtMs);
  await store.put(key, new TextEncoder().encode(JSON.stringify({ ...record, expiresAtMs })));
  await store.close();
}
