import { type InferenceRequest, silentLog } from "@muster/base";
import { createStubEngine, loadWorkerConfig, startWorker } from "@muster/worker";
import { expect, it } from "vitest";
import { createBatchApi } from "../../harness/batch-api.ts";
import { batchInput } from "../../harness/batch-lines.ts";
import {
  eventually,
  model,
  startCluster,
  type TestCluster,
  temporaryDirectory,
  testHardware,
  untilTestEnds,
} from "../../harness/cluster.ts";
import { tinyModel } from "../../support/tiny-model.ts";

const keys = { acme: "sk-of-acme-for-this-test", beta: "sk-of-beta-for-this-test" } as const;
type Tenant = keyof typeof keys;

interface Usage {
  readonly prompt_tokens: number;
  readonly prompt_tokens_details?: { readonly cached_tokens: number };
}

const syllables = ["ka", "tomi", "bado", "ne", "poro", "live", "dahu", "sogu", "feze"];
/** Texts that differ from their first letter on. */
const words = (seed: number) =>
  `${String.fromCharCode(97 + seed)}${Array.from({ length: 600 }, (_none, i) => syllables[(i * i * 7 + i * seed + (i >> 3)) % 9]).join(" ")}`;

/** A cluster with two tenants and one worker that runs the real engine, on as many slots. */
async function startTenants(slots: number): Promise<TestCluster> {
  const cluster = await startCluster({
    apiKeys: Object.entries(keys).map(([tenant, secret]) => `${tenant}:${secret}`),
  });
  await cluster.worker("desk", {
    models: [{ uri: await tinyModel(), name: model }],
    engine: "node-llama-cpp",
    gpu: "off",
    ...{ slots, threads: 1, contextTokens: 4096 },
    dataDirectory: await temporaryDirectory(),
  });
  return cluster;
}

/** Tokens of the prompt that were found in the cache, of all that it has; and how long the answer took. */
async function ask(cluster: TestCluster, tenant: Tenant, text: string, more: object = {}) {
  const startedMs = performance.now();
  const response = await cluster.post(
    "/v1/completions",
    { model, prompt: text, max_tokens: 1, temperature: 0, ...more },
    { headers: { authorization: `Bearer ${keys[tenant]}` } },
  );
  expect(response.status).toBe(200);
  const { usage } = (await response.json()) as { usage: Usage };
  return {
    cached: usage.prompt_tokens_details?.cached_tokens ?? 0,
    prompt: usage.prompt_tokens,
    ms: performance.now() - startedMs,
  };
}

const median = (values: readonly number[]) => [...values].sort((a, b) => a - b)[values.length >> 1] ?? 0;

it("prefix cache salted per tenant: nothing of another tenant's prompt is found in the cache", async () => {
  const cluster = await startTenants(2);
  const text = words(3);
  // Golden prompts have been asked by now: they are nobody's.
  expect((await ask(cluster, "acme", text)).cached).toBe(0);
  const own = await ask(cluster, "acme", text);
  expect(own.cached).toBe(own.prompt - 1);
  expect((await ask(cluster, "beta", text)).cached).toBe(0);
  expect((await ask(cluster, "beta", text)).cached).toBe(own.prompt - 1);
  // Nor while the other's is being evaluated.
  const other = words(5);
  const both = await Promise.all([ask(cluster, "acme", other), ask(cluster, "beta", other)]);
  // But for the token that every prompt begins with, from what each has asked before.
  for (const { cached } of both) expect(cached).toBeLessThanOrEqual(1);
  // A tenant may tell apart whom it serves itself.
  const inner = words(7);
  for (const salt of ["x", "y"])
    expect((await ask(cluster, "acme", inner, { cache_salt: salt })).cached).toBe(0);
  const again = await ask(cluster, "acme", inner, { cache_salt: "y" });
  expect(again.cached).toBe(again.prompt - 1);
});

it("prefix cache salted per tenant: how long an answer takes does not tell what another has asked", async () => {
  const cluster = await startTenants(4);
  const times = { fresh: [] as number[], foreign: [] as number[], own: [] as number[] };
  for (let round = 0; round < 9; round++) {
    const text = words(round);
    await ask(cluster, "acme", text);
    times.foreign.push((await ask(cluster, "beta", text)).ms);
    times.fresh.push((await ask(cluster, "beta", words(10 + round))).ms);
    times.own.push((await ask(cluster, "beta", text)).ms);
  }
  // About 110, 105 and 8 ms on a quiet machine.
  const [fresh, foreign, own] = [median(times.fresh), median(times.foreign), median(times.own)];
  expect(own).toBeLessThan(fresh * 0.6);
  expect(foreign).toBeGreaterThan(fresh * 0.6);
});

it("prefix cache salted per tenant: lines of batches have the salt of their tenant", async () => {
  const cluster = await startCluster({
    apiKeys: Object.entries(keys).map(([tenant, secret]) => `${tenant}:${secret}`),
  });
  const stub = createStubEngine({ tokensPerSecond: 0, firstTokenMs: 0 });
  const salts = new Map<string, number>();
  const worker = await startWorker(
    loadWorkerConfig(
      {
        orchestrator: cluster.orchestrator.fleetAddress,
        name: "desk",
        dataDirectory: await temporaryDirectory(),
        models: [{ uri: "stub:stub-model", name: model }],
        engine: "stub",
      },
      {},
    ),
    {
      log: silentLog,
      probe: { probe: async () => testHardware },
      engine: {
        name: stub.name,
        async load(spec, how) {
          const replica = await stub.load(spec, how);
          const infer = replica.infer.bind(replica);
          return Object.assign(replica, {
            infer(request: InferenceRequest, signal: AbortSignal) {
              const salt = request.task === "generate" ? (request.cacheSalt ?? "none") : "no generation";
              salts.set(salt, (salts.get(salt) ?? 0) + 1);
              return infer(request, signal);
            },
          });
        },
      },
    },
  );
  untilTestEnds(() => worker.stop());
  await eventually(async () => (await cluster.workers()).some(({ state }) => state === "ready"));
  for (const tenant of ["acme", "beta"] as const) {
    const api = createBatchApi({ url: () => cluster.url, key: keys[tenant] });
    const batch = await api.create((await api.upload(batchInput({ count: 3 }).text)).id);
    await api.untilState(batch.id, "completed");
    expect((await ask(cluster, tenant, "hello")).cached).toBe(0);
  }
  // Three lines and one request of each: by the same salt, which says nothing of the name.
  expect([...salts.values()]).toEqual([4, 4]);
  for (const salt of salts.keys()) expect(salt).toMatch(/^[0-9a-f]{32}$/);
});
