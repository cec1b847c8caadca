import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import {
  chat,
  endProcess,
  eventually,
  model,
  readStream,
  startCluster,
  type TestCluster,
} from "../harness/cluster.ts";
import { tinyModel } from "../support/tiny-model.ts";

const small = ["--slots", "4", "--threads", "1", "--context", "1024"];

interface Answer {
  readonly choices: readonly { readonly message: { readonly content: string } }[];
  readonly usage: { readonly completion_tokens: number };
}

async function ask(cluster: TestCluster, content: string): Promise<{ text: string; worker: string | null }> {
  const response = await cluster.post(
    "/v1/chat/completions",
    chat(content, { temperature: 0, max_tokens: 24 }),
  );
  expect(response.status).toBe(200);
  const answer = (await response.json()) as Answer;
  return { text: answer.choices[0]?.message.content ?? "", worker: response.headers.get("x-muster-worker") };
}

/** The engine processes that a worker has started. */
function childrenOf(pid: number | undefined): number[] {
  const text = readFileSync(`/proc/${pid}/task/${pid}/children`, "utf8");
  return text.trim().split(" ").filter(Boolean).map(Number);
}

describe("two workers with llama.cpp", () => {
  it("give eight answers at once that equal the same answers alone", async () => {
    const cluster = await startCluster();
    const modelPath = await tinyModel();
    await Promise.all(["a", "b"].map((name) => cluster.workerProcess(name, { modelPath, args: small })));
    const prompts = Array.from({ length: 8 }, (_none, i) => `${"word ".repeat(1 + i * 3)}number ${i}`);
    const alone: string[] = [];
    for (const prompt of prompts) alone.push((await ask(cluster, prompt)).text);
    const together = await Promise.all(prompts.map((prompt) => ask(cluster, prompt)));
    expect(together.map((answer) => answer.text)).toEqual(alone);
    expect(new Set(together.map((answer) => answer.worker))).toEqual(new Set(["a", "b"]));
    expect(new Set(alone).size).toBeGreaterThan(1);
  });

  it("survive the death of an engine: a typed error for whoever was reading, then a new engine", async () => {
    const cluster = await startCluster();
    const modelPath = await tinyModel();
    const worker = await cluster.workerProcess("a", { modelPath, args: small });
    const [engine] = childrenOf(worker.pid);
    const response = await cluster.post(
      "/v1/chat/completions",
      chat("go on for long", { stream: true, max_tokens: 900, temperature: 1, seed: 3 }),
    );
    let isKilled = false;
    const answer = await readStream(response, () => {
      if (!isKilled && engine !== undefined) process.kill(engine, "SIGKILL");
      isKilled = true;
    });
    expect(answer.error?.code).toBe("engine_crashed");
    expect(answer.error?.message).not.toContain("/");
    await eventually(async () => (await cluster.workers())[0]?.replicas[0]?.state === "ready", 30_000);
    expect((await ask(cluster, "are you there")).text).not.toBe("");
    expect(childrenOf(worker.pid)).not.toContain(engine);
  });

  it("leave no engine behind when a worker is killed", async () => {
    const cluster = await startCluster();
    const worker = await cluster.workerProcess("a", { modelPath: await tinyModel(), args: small });
    const engines = childrenOf(worker.pid);
    expect(engines).toHaveLength(1);
    await endProcess(worker, "SIGKILL");
    await eventually(() => engines.every((pid) => !isAlive(pid)));
  });

  it("stop what a client has left, within a second", async () => {
    const cluster = await startCluster();
    await cluster.workerProcess("a", { modelPath: await tinyModel(), args: small });
    const leave = new AbortController();
    const response = await cluster.post(
      "/v1/chat/completions",
      chat("long", { stream: true, max_tokens: 900, temperature: 1, seed: 5 }),
      { signal: leave.signal },
    );
    const reader = response.body?.getReader();
    await reader?.read();
    leave.abort();
    await reader?.read().catch(() => {});
    await eventually(async () => (await cluster.workers())[0]?.replicas[0]?.slots_used === 0, 1_000);
  });

  it("refuse a file that is no model, and say so where people look", async () => {
    const cluster = await startCluster();
    await cluster.worker("stub", { allowPaths: ["/etc"] });
    const [stub] = await cluster.workers();
    const { id } = (await (
      await cluster.post(`/cluster/v1/workers/${stub?.id}/replicas`, { model_uri: "/etc/hostname" })
    ).json()) as { id: string };
    const found = async () => (await cluster.workers())[0]?.replicas.find((replica) => replica.id === id);
    await eventually(async () => typeof (await found())?.error === "string");
    expect((await found())?.error).toContain("GGUF");
    const models = (await (await fetch(`${cluster.url}/v1/models`)).json()) as { data: { id: string }[] };
    expect(models.data.map((one) => one.id)).toEqual([model]);
  });
});

function isAlive(pid: number): boolean {
  try {
    // A zombie that nobody has waited for is dead all the same.
    return !/^State:\s+[ZX]/m.test(readFileSync(`/proc/${pid}/status`, "utf8"));
  } catch {
    return false;
  }
}
