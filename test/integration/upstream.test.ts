import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { silentLog } from "@muster/base";
import { loadOrchestratorConfig, type RunningOrchestrator, startOrchestrator } from "@muster/orchestrator";
import { loadWorkerConfig, type RunningWorker, startWorker } from "@muster/worker";
import {
  createOpenaiUpstreamEngine,
  engineChatContract,
  engineContract,
  engineTasksContract,
} from "@muster/worker/testing";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { chat, eventually, model, readStream, startCluster } from "../harness/cluster.ts";
import { builtInModelPath } from "../support/built-in-model.ts";
import { testRedis } from "../support/redis.ts";
import { tinyModel } from "../support/tiny-model.ts";

const key = "a-key-of-the-upstream";
const slots = 8;
const trainedModel = "tiny-gemma";

/** A whole Muster with a real engine, which another Muster's worker takes for an upstream like any other. */
describe("a worker of an OpenAI-compatible server", () => {
  let directory: string;
  let orchestrator: RunningOrchestrator;
  let worker: RunningWorker | undefined;

  beforeAll(async () => {
    directory = await mkdtemp(join(tmpdir(), "muster-upstream-"));
    const { url: redisUrl } = await testRedis();
    orchestrator = await startOrchestrator(
      loadOrchestratorConfig(
        {
          ...{ host: "127.0.0.1", port: 0, fleetPort: 0, dataDirectory: directory },
          ...{ redisUrl, redisPrefix: `upstream-${process.pid}`, apiKeys: [key] },
        },
        {},
      ),
      { log: silentLog },
    );
    const address = {
      orchestrator: orchestrator.fleetAddress,
      name: "upstream",
      dataDirectory: directory,
    };
    const models = [
      { uri: await tinyModel(), name: model },
      { uri: builtInModelPath, name: trainedModel },
    ];
    const config = loadWorkerConfig(
      { ...address, models, slots, contextTokens: 2048, threads: 1, gpu: "off" },
      {},
    );
    worker = await startWorker(config, { log: silentLog });
    await eventually(
      async () => (await listedModels()).filter((each) => each.replicas > 0).length === 2,
      60_000,
    );
  }, 120_000);
  afterAll(async () => {
    await worker?.stop();
    await orchestrator.stop();
    await rm(directory, { recursive: true, force: true });
  });

  async function listedModels(): Promise<readonly { readonly replicas: number }[]> {
    const answer = await fetch(`${orchestrator.url}/v1/models`, {
      headers: { authorization: `Bearer ${key}` },
    });
    return ((await answer.json()) as { data: { replicas: number }[] }).data;
  }

  const makeEngine = () => createOpenaiUpstreamEngine({ log: silentLog, key });
  const address = async (name = model) => `openai:${orchestrator.url}/v1#${name}`;

  engineContract("openai", makeEngine, address);
  engineChatContract("openai", makeEngine, () => address(trainedModel));
  engineTasksContract("openai", makeEngine, address, {
    capabilities: ["embedding", "rerank", "tokenize", "logprobs"],
  });

  it("serves the upstream's model, found by itself, to clients of its own", async () => {
    const cluster = await startCluster();
    const upstream = { uri: `openai:${orchestrator.url}/v1/`, name: undefined };
    await cluster.worker("proxy", { models: [upstream], upstreamKey: key, slots: 3 });
    const [shown] = await cluster.workers();
    expect(shown?.replicas).toMatchObject([{ model, state: "ready", slots: 3 }]);
    const whole = (await (
      await cluster.post("/v1/chat/completions", chat("one two", { max_tokens: 8, temperature: 0 }))
    ).json()) as {
      choices: { message: { content: string }; finish_reason: string }[];
      usage: { completion_tokens: number };
    };
    expect(whole).toMatchObject({ choices: [{ finish_reason: "length" }], usage: { completion_tokens: 8 } });
    const streamed = await readStream(
      await cluster.post(
        "/v1/chat/completions",
        chat("one two", { max_tokens: 8, temperature: 0, stream: true }),
      ),
    );
    expect(streamed).toMatchObject({ isDone: true, text: whole.choices[0]?.message.content });
  });

  it("is not to be had by an orchestrator's order", async () => {
    const cluster = await startCluster();
    await cluster.worker("desk");
    const [desk] = await cluster.workers();
    await cluster.post(`/cluster/v1/workers/${desk?.id}/replicas`, { model_uri: await address() });
    await eventually(async () => {
      const replicas = (await cluster.workers())[0]?.replicas ?? [];
      return replicas.some(
        ({ state, error }) => state === "failed" && error?.includes("may not send") === true,
      );
    });
  });
});
