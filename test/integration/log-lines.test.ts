import type { LogLine } from "@muster/sdk";
import { describe, expect, it } from "vitest";
import { chat, eventually, startCluster, type TestCluster } from "../harness/cluster.ts";
import { HandWorker } from "../harness/hand-worker.ts";

const logs = async ({ url }: TestCluster, query = "", key?: string) => {
  const headers = key === undefined ? {} : { authorization: `Bearer ${key}` };
  const answer = await fetch(`${url}/cluster/v1/logs${query}`, { headers });
  return { status: answer.status, body: (await answer.json()) as { object: string; data: LogLine[] } };
};

describe("the log of a cluster, over HTTP", () => {
  it("has the lines of the orchestrator and of its workers about one request, found by the id that its client got", async () => {
    const cluster = await startCluster();
    await cluster.worker("desk");
    const failed = await cluster.post("/v1/chat/completions", chat("!break"));
    await failed.text();
    await (await cluster.post("/v1/chat/completions", chat("another"))).text();
    const requestId = failed.headers.get("x-request-id");
    const find = async (id: string | null) =>
      (await logs(cluster, `?level=debug&request=${id}`)).body.data.map(({ source, words }) => [
        source,
        words,
      ]);
    await eventually(async () => (await find(requestId)).some(([source]) => source === "desk"));
    const found = await find(requestId);
    expect(found).toContainEqual(["desk", "attempt failed"]);
    expect(found).toContainEqual(["orchestrator", "request answered"]);
    expect(await find(failed.headers.get("x-trace-id"))).toEqual(found);
    const { body } = await logs(cluster, `?request=${requestId}`);
    expect(body.object).toBe("list");
    expect(body.data.every(({ level }) => level !== "debug")).toBe(true);
    const line = body.data.find(({ source }) => source === "desk");
    expect(line).toMatchObject({ level: "warn", fields: { code: "engine_failed" } });
    expect(Math.abs((line?.at ?? 0) - Date.now() / 1_000)).toBeLessThan(60);
  });

  it("has what a worker says under the name that the worker has, cut down to what is safe to show", async () => {
    // It does not beat.
    const cluster = await startCluster({ heartbeatIntervalMs: 60_000 });
    const liar = new HandWorker(cluster.orchestrator.fleetAddress, "liar");
    await liar.join();
    const forged = {
      ...{ atMs: Date.now(), level: "error", words: "all is\u001b[2J well" },
      fieldsJson: JSON.stringify({
        source: "orchestrator",
        path: "/home/ann/secret/key.pem",
        deep: { a: 1 },
      }),
    };
    const flood = Array.from({ length: 100 }, () => ({
      ...forged,
      words: "x".repeat(2_000),
      level: "info",
    }));
    liar.say({ logs: { lines: [forged, { ...forged, fieldsJson: "{" }], dropped: 0 } });
    for (let times = 0; times < 20; times++) liar.say({ logs: { lines: flood, dropped: 0 } });
    await eventually(async () => (await logs(cluster, "?source=liar&limit=2000")).body.data.length >= 300);
    const { data } = (await logs(cluster, "?source=liar&limit=2000")).body;
    expect(data.length).toBeLessThanOrEqual(500);
    expect(Math.max(...data.map(({ words }) => words.length))).toBe(200);
    const ours = (await logs(cluster, "?level=error&source=orchestrator")).body.data;
    expect(ours).toEqual([]);
    const said = JSON.stringify((await logs(cluster, "?limit=2000")).body.data);
    expect(said).not.toMatch(/\\u001b|\/home\/ann/);
  });

  it("is followed as it is written", async () => {
    const cluster = await startCluster();
    await cluster.worker("desk");
    const leave = new AbortController();
    const follow = await fetch(`${cluster.url}/cluster/v1/logs?follow=1&level=warn&source=desk`, {
      signal: leave.signal,
    });
    expect(follow.headers.get("content-type")).toContain("text/event-stream");
    await (await cluster.post("/v1/chat/completions", chat("!break"))).text();
    let text = "";
    const decoder = new TextDecoder();
    for await (const chunk of follow.body ?? []) {
      text += decoder.decode(chunk as Uint8Array, { stream: true });
      if (text.includes("\n\n") && text.includes("data: ")) break;
    }
    leave.abort();
    const [, event, data = ""] = /event: (\w+)\ndata: (.*)\n\n/.exec(text) ?? [];
    expect(event).toBe("line");
    expect(JSON.parse(data)).toMatchObject({ source: "desk", level: "warn", words: "attempt failed" });
  });

  it("is for administrators alone, and its followers do not keep an orchestrator from stopping", async () => {
    const cluster = await startCluster({ apiKeys: ["key-of-this-test-0001"] });
    expect((await fetch(`${cluster.url}/cluster/v1/logs`)).status).toBe(401);
    const headers = { authorization: "Bearer key-of-this-test-0001" };
    const made = await cluster.post("/cluster/v1/keys", { name: "reader", scopes: ["read"] });
    const { key } = (await made.json()) as { key: string };
    expect((await logs(cluster, "", key)).status).toBe(403);
    const follow = await fetch(`${cluster.url}/cluster/v1/logs?follow=1`, { headers });
    const read = follow.text();
    const beganMs = performance.now();
    await cluster.orchestrator.stop();
    expect(performance.now() - beganMs).toBeLessThan(5_000);
    expect(await read).toContain("event: line");
  });

  it("is told no more to a follower whose key is revoked", async () => {
    const operator = "key-of-this-test-0002";
    const cluster = await startCluster({ apiKeys: [operator] });
    const made = await cluster.post("/cluster/v1/keys", { name: "passing", scopes: ["admin"] });
    const { id, key } = (await made.json()) as { id: string; key: string };
    const headers = { authorization: `Bearer ${key}` };
    const follow = await fetch(`${cluster.url}/cluster/v1/logs?follow=1`, { headers });
    const read = follow.text();
    const revoked = await fetch(`${cluster.url}/cluster/v1/keys/${id}`, {
      method: "DELETE",
      headers: { authorization: `Bearer ${operator}` },
    });
    expect(revoked.ok).toBe(true);
    await read;
  });
});
