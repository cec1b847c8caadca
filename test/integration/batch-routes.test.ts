import OpenAI from "openai";
import { describe, expect, it } from "vitest";
import { createBatchApi, resultLines } from "../harness/batch-api.ts";
import { chatLine } from "../harness/batch-lines.ts";
import { startCluster } from "../harness/cluster.ts";

const endpoint = "/v1/chat/completions";

async function start(overrides: Parameters<typeof startCluster>[0] = {}) {
  const cluster = await startCluster(overrides);
  await cluster.worker("w1");
  return { cluster, api: createBatchApi({ url: () => cluster.url }) };
}

describe("batches over HTTP", () => {
  it("are listed newest first by OpenAI's client, page by page, each once", async () => {
    const { cluster, api } = await start();
    const { id: input } = await api.upload(chatLine(0, "one two"));
    const ids: string[] = [];
    for (let i = 0; i < 5; i++) ids.push((await api.create(input)).id);
    const client = new OpenAI({ baseURL: `${cluster.url}/v1`, apiKey: "none" });
    const listed: string[] = [];
    for await (const batch of client.batches.list({ limit: 2 })) listed.push(batch.id);
    expect(listed).toEqual([...ids].sort().reverse());
    const page = (await (await fetch(`${cluster.url}/v1/batches?limit=5`)).json()) as object;
    expect(page).toMatchObject({ object: "list", has_more: false, first_id: listed[0], last_id: listed[4] });
  });

  it("give their results as they come, from a cursor on, each line once", async () => {
    const { cluster, api } = await start();
    const lines = [chatLine(0, "one two"), chatLine(1, "three four"), chatLine(2, "!hang")];
    const { id } = await api.create((await api.upload(lines.join("\n"))).id);
    const found: string[] = [];
    let cursor = "";
    const next = async (wait: number) => {
      const after = cursor === "" ? "" : `&after=${encodeURIComponent(cursor)}`;
      const answer = await fetch(`${cluster.url}/v1/batches/${id}/results?wait=${wait}${after}`);
      expect({ status: answer.status, type: answer.headers.get("content-type") }).toEqual({
        status: 200,
        type: "application/jsonl",
      });
      cursor = answer.headers.get("x-muster-cursor") ?? "";
      const state = answer.headers.get("x-muster-batch-status");
      const results = resultLines(await answer.text());
      found.push(...results.map(({ custom_id: customId }) => customId));
      return { state, count: results.length };
    };
    while (found.length < 2) await next(30);
    expect(await next(0)).toEqual({ state: "in_progress", count: 0 });
    const waiting = next(30);
    await api.act(id, "cancel");
    // Nothing comes, so it ends with the batch.
    const { state, count } = await waiting;
    expect({ state, count }).toEqual({ state: "cancelled", count: 0 });
    expect(found.sort()).toEqual(["line-0", "line-1"]);
    const wrong = await fetch(`${cluster.url}/v1/batches/${id}/results?after=nonsense`);
    expect(wrong.status).toBe(400);
  });

  it("are planned without being made", async () => {
    const { cluster, api } = await start();
    const { id: input } = await api.upload([chatLine(0, "one two"), "broken"].join("\n"));
    const asked = { input_file_id: input, endpoint };
    const dry = { ...asked, completion_window: "24h", muster: { dry_run: true } };
    const plans = [await cluster.post("/v1/batches/plan", asked), await cluster.post("/v1/batches", dry)];
    for (const answer of plans) {
      expect(answer.status).toBe(200);
      expect(await answer.json()).toMatchObject({
        object: "batch.plan",
        lines: 2,
        errors: { total: 1, data: [{ code: "invalid_json_line", line: 2 }] },
        models: [{ lines: 1, workers: [{ name: "w1" }] }],
      });
    }
    expect(await (await fetch(`${cluster.url}/v1/batches`)).json()).toMatchObject({
      data: [],
      first_id: null,
    });
  });

  it("belong to their tenant", async () => {
    const [mine, other] = ["a-secret-0123456789", "b-secret-0123456789"];
    const cluster = await startCluster({ apiKeys: [`design:${mine}`, `lab:${other}`] });
    await cluster.worker("w1");
    const api = createBatchApi({ url: () => cluster.url, key: mine });
    const { id: input } = await api.upload(chatLine(0, "one two"));
    const { id } = await api.create(input);
    const headers = { authorization: `Bearer ${other}` };
    for (const path of ["", "/results"]) {
      const answer = await fetch(`${cluster.url}/v1/batches/${id}${path}`, { headers });
      expect(answer.status).toBe(404);
    }
    const taken = { input_file_id: input, endpoint, completion_window: "24h" };
    expect((await cluster.post("/v1/batches", taken, { headers })).status).toBe(404);
    expect(await (await fetch(`${cluster.url}/v1/batches`, { headers })).json()).toMatchObject({ data: [] });
  });
});
