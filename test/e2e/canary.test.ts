import { describe, expect, it } from "vitest";
import {
  chat,
  endProcess,
  eventually,
  startCluster,
  type TestCluster,
  temporaryDirectory,
} from "../harness/cluster.ts";
import { tinyReranker } from "../support/tiny-model.ts";

const small = ["--slots", "2", "--threads", "1", "--context", "1024"];

async function metric(cluster: TestCluster, line: string): Promise<string | undefined> {
  const text = await (await fetch(`${cluster.url}/metrics`)).text();
  return text
    .split("\n")
    .find((each) => each.startsWith(`${line} `))
    ?.slice(line.length + 1);
}

async function heldBack(cluster: TestCluster): Promise<string | null | undefined> {
  return (await cluster.workers())[0]?.replicas[0]?.held_back;
}

const asked = 'muster_dispatch_total{model="stub-model",result="finished"}';

describe("golden prompts, with real engines", () => {
  it("are answered by the built-in model before it works, and not asked again after a restart", async () => {
    const dataDirectory = await temporaryDirectory();
    const redisPrefix = `canary-${process.pid}`;
    const model = { modelPath: "builtin:tiny-gemma", args: [...small, "--data-dir", dataDirectory] };
    const first = await startCluster({ redisPrefix });
    const worker = await first.workerProcess("a", model);
    await eventually(async () => (await heldBack(first)) === null);
    expect(await metric(first, asked)).toBe("3");
    // Nobody has asked for them.
    expect(await metric(first, 'muster_generation_tokens_total{model="stub-model"}')).toBeUndefined();
    await endProcess(worker);
    await first.orchestrator.stop();

    const second = await startCluster({ redisPrefix });
    await second.workerProcess("a", model);
    const answer = await second.post("/v1/chat/completions", chat("What is 7 + 5?", { temperature: 0 }));
    expect(answer.status).toBe(200);
    expect(await heldBack(second)).toBeNull();
    expect(await metric(second, asked)).toBe("1");
  });

  it("hold a model back whose scores mean nothing: it gets no work and is shown", async () => {
    const cluster = await startCluster({ queueTimeoutMs: 300 });
    await cluster.workerProcess("a", { modelPath: await tinyReranker(), args: small });
    const reason = "the check of three documents put a document that has nothing to do with the query first";
    await eventually(async () => (await heldBack(cluster)) === reason);
    expect(await metric(cluster, 'muster_replicas_held_back{model="stub-model"}')).toBe("1");
    const body = { model: "stub-model", query: "a", documents: ["b"] };
    expect((await cluster.post("/v1/rerank", body)).status).toBe(429);

    const [shown] = await cluster.workers();
    const path = `/cluster/v1/workers/${shown?.id}/replicas`;
    const again = await cluster.post(`${path}/${shown?.replicas[0]?.id}/check`, {});
    expect(again.status).toBe(202);
    expect(await again.json()).toMatchObject({ held_back: "awaiting its golden prompts" });
    await eventually(async () => (await heldBack(cluster)) === reason);
    expect(await metric(cluster, asked)).toBe("2");
    expect((await cluster.post(`${path}/rep-9/check`, {})).status).toBe(404);
  });

  it("are asked again of another engine: one that answers wrongly stays out, the right one is let in", async () => {
    const cluster = await startCluster({ canary: "all" });
    const models = [{ uri: "builtin:tiny-gemma", name: "stub-model" }];
    const echo = await cluster.worker("a", { models });
    await eventually(async () => (await heldBack(cluster))?.startsWith("golden prompt '") === true);
    expect(await heldBack(cluster)).toMatch(/'What is the capital of France\?' answered 'What is the cap/);
    await echo.stop();
    await cluster.worker("a", {
      models,
      engine: "node-llama-cpp",
      gpu: "off",
      threads: 1,
      contextTokens: 1_024,
    });
    await eventually(async () => (await heldBack(cluster)) === null);
  });
});
