import { describe, expect, it } from "vitest";
import { chat, eventually, model, readStream, startCluster } from "../harness/cluster.ts";

describe("POST /v1/chat/completions", () => {
  it("answers in OpenAI's shape, with the worker that did it in a header", async () => {
    const cluster = await startCluster();
    await cluster.worker("desk");
    const response = await cluster.post("/v1/chat/completions", chat("one two three", { max_tokens: 6 }));
    expect(response.status).toBe(200);
    expect(response.headers.get("x-muster-worker")).toBe("desk");
    const answer = (await response.json()) as Record<string, unknown>;
    expect(answer).toMatchObject({
      object: "chat.completion",
      model,
      choices: [
        {
          index: 0,
          message: { role: "assistant", refusal: null },
          logprobs: null,
          finish_reason: "length",
        },
      ],
      usage: { completion_tokens: 6 },
    });
    const usage = answer["usage"] as { prompt_tokens: number; total_tokens: number };
    expect(usage.prompt_tokens).toBeGreaterThan(0);
    expect(usage.total_tokens).toBe(usage.prompt_tokens + 6);
  });

  it("streams: a role first, no usage among the pieces, one finish reason, usage last, then the marker and the end", async () => {
    const cluster = await startCluster();
    await cluster.worker("desk");
    const whole = (await (
      await cluster.post("/v1/chat/completions", chat("a b c", { max_tokens: 9, seed: 1 }))
    ).json()) as {
      choices: { message: { content: string } }[];
    };
    const response = await cluster.post(
      "/v1/chat/completions",
      chat("a b c", { max_tokens: 9, seed: 1, stream: true, stream_options: { include_usage: true } }),
    );
    expect(response.headers.get("content-type")).toContain("text/event-stream");
    const { events, text, isDone } = await readStream(response);
    const chunks = events as {
      id: string;
      choices: { delta: Record<string, unknown>; finish_reason: string | null }[];
      usage?: unknown;
    }[];
    expect(chunks[0]?.choices[0]?.delta).toEqual({ role: "assistant", content: null });
    const last = chunks.at(-1);
    expect(last?.choices).toEqual([]);
    expect(last?.usage).toMatchObject({ completion_tokens: 9 });
    expect(chunks.at(-2)?.choices[0]?.finish_reason).toBe("length");
    for (const chunk of chunks.slice(0, -2)) {
      expect(chunk.usage).toBeUndefined();
      expect(chunk.choices[0]?.finish_reason).toBeNull();
    }
    expect(new Set(chunks.map((chunk) => chunk.id)).size).toBe(1);
    expect(text).toBe(whole.choices[0]?.message.content);
    expect(isDone).toBe(true);
  });

  it("gives n choices, each under its index, the prompt counted once", async () => {
    const cluster = await startCluster();
    await cluster.worker("desk");
    const one = (await (
      await cluster.post("/v1/chat/completions", chat("count me", { max_tokens: 3 }))
    ).json()) as {
      usage: { prompt_tokens: number };
    };
    const response = await cluster.post("/v1/chat/completions", chat("count me", { max_tokens: 3, n: 5 }));
    const answer = (await response.json()) as {
      choices: { index: number }[];
      usage: { prompt_tokens: number; completion_tokens: number };
    };
    expect(answer.choices.map((choice) => choice.index)).toEqual([0, 1, 2, 3, 4]);
    expect(answer.usage).toMatchObject({ prompt_tokens: one.usage.prompt_tokens, completion_tokens: 15 });
    const streamed = await readStream(
      await cluster.post("/v1/chat/completions", chat("count me", { max_tokens: 3, n: 2, stream: true })),
    );
    const indexes = (streamed.events as { choices: { index: number; finish_reason: string | null }[] }[])
      .flatMap((chunk) => chunk.choices)
      .filter((choice) => choice.finish_reason !== null)
      .map((choice) => choice.index);
    expect(indexes.sort()).toEqual([0, 1]);
  });

  it("takes content in parts, the developer role, nulls and fields that it does not know", async () => {
    const cluster = await startCluster();
    await cluster.worker("desk");
    const response = await cluster.post("/v1/chat/completions", {
      model,
      messages: [
        { role: "developer", content: "Be short." },
        {
          role: "user",
          content: [
            { type: "text", text: "hel" },
            { type: "text", text: "lo" },
          ],
        },
      ],
      max_completion_tokens: 2,
      stop: null,
      n: null,
      user: "somebody",
      metadata: { a: "b" },
      store: false,
      parallel_tool_calls: true,
      some_new_field: { deep: true },
    });
    expect(response.status).toBe(200);
  });

  it("works on both lanes", async () => {
    const cluster = await startCluster();
    await cluster.worker("desk");
    const response = await cluster.post("/v1/chat/completions", chat("hi", { service_tier: "flex" }));
    expect(response.status).toBe(200);
  });
});

describe("POST /v1/completions", () => {
  it("answers several prompts in order, plain and streamed", async () => {
    const cluster = await startCluster();
    await cluster.worker("desk");
    const response = await cluster.post("/v1/completions", {
      model,
      prompt: ["one", "two"],
      max_tokens: 4,
      n: 2,
    });
    const answer = (await response.json()) as { object: string; choices: { index: number; text: string }[] };
    expect(answer.object).toBe("text_completion");
    expect(answer.choices.map((choice) => choice.index)).toEqual([0, 1, 2, 3]);
    expect(answer.choices[0]?.text).toContain("one");
    expect(answer.choices[3]?.text).toContain("two");
    const streamed = await readStream(
      await cluster.post("/v1/completions", { model, prompt: "one", max_tokens: 4, stream: true }),
    );
    const text = (streamed.events as { choices: { text: string }[] }[])
      .map((chunk) => chunk.choices[0]?.text)
      .join("");
    expect(text).toBe(answer.choices[0]?.text);
    expect(streamed.isDone).toBe(true);
  });
});

describe("models and probes", () => {
  it("list what is served, say when the service is ready, and give Prometheus text", async () => {
    const cluster = await startCluster();
    await cluster.worker("desk", { slots: 3 });
    const models = (await (await fetch(`${cluster.url}/v1/models`)).json()) as {
      data: Record<string, unknown>[];
    };
    expect(models.data).toMatchObject([
      { id: model, object: "model", name: model, owned_by: "muster", slots: 3 },
    ]);
    expect((await fetch(`${cluster.url}/v1/models/${model}`)).status).toBe(200);
    expect((await fetch(`${cluster.url}/v1/models/other/name`)).status).toBe(404);
    expect((await fetch(`${cluster.url}/readyz`)).status).toBe(200);
    await cluster.post("/v1/chat/completions", chat("metrics please"));
    const metrics = await (await fetch(`${cluster.url}/metrics`)).text();
    expect(metrics).toContain(
      `muster_requests_total{model="${model}",endpoint="chat_completions",class="interactive",outcome="ok"} 1`,
    );
    expect(metrics).toContain('muster_workers{state="ready"} 1');
    expect(metrics).not.toContain("metrics please");
    expect(await (await fetch(`${cluster.url}/`)).text()).toContain("Muster is running");
  });

  it("shows each worker with its hardware, replicas and slots", async () => {
    const cluster = await startCluster();
    await cluster.worker("b-desk");
    await cluster.worker("a-desk", { slots: 2 });
    const workers = await cluster.workers();
    expect(workers.map((worker) => worker.name)).toEqual(["a-desk", "b-desk"]);
    expect(workers[0]).toMatchObject({
      state: "ready",
      replicas: [{ model, state: "ready", slots: 2, slots_used: 0, error: null }],
      hardware: { physical_cores: expect.any(Number), ram_bytes: expect.any(Number) },
    });
    expect((await fetch(`${cluster.url}/cluster/v1/workers/${workers[0]?.id}`)).status).toBe(200);
    expect((await fetch(`${cluster.url}/cluster/v1/workers/none`)).status).toBe(404);
  });

  it("loads, unloads and drains on request", async () => {
    const cluster = await startCluster();
    const worker = await cluster.worker("desk");
    const [before] = await cluster.workers();
    const path = `/cluster/v1/workers/${before?.id}`;
    const loaded = await cluster.post(`${path}/replicas`, { model_uri: "stub:second", slots: 1 });
    expect(loaded.status).toBe(202);
    const { id } = (await loaded.json()) as { id: string };
    const replicas = async () => (await cluster.workers())[0]?.replicas ?? [];
    await eventually(async () => (await replicas()).some((one) => one.id === id && one.state === "ready"));
    expect((await cluster.post("/v1/chat/completions", { ...chat("x"), model: "second" })).status).toBe(200);

    await fetch(`${cluster.url}${path}/replicas/${id}`, { method: "DELETE" });
    await eventually(async () => !(await replicas()).some((one) => one.id === id));

    const bad = (await (await cluster.post(`${path}/replicas`, { model_uri: "ftp://x/y.gguf" })).json()) as {
      id: string;
    };
    await eventually(async () => (await replicas()).some((one) => one.id === bad.id && one.error !== null));

    expect((await cluster.post(`${path}/drain`, {})).status).toBe(202);
    await worker.ended;
    await eventually(async () => (await cluster.workers())[0]?.state === "lost");
  });
});
