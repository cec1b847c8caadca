import { type Batch, BatchFailedError, type BatchResult, Muster } from "@muster/sdk";
import { describe, expect, it } from "vitest";
import { model, startCluster } from "../harness/cluster.ts";

const chat = "/v1/chat/completions";

type Answer = BatchResult<typeof chat>;

function question(content: string) {
  return { model, messages: [{ role: "user", content }], max_tokens: 2 } as const;
}

const textOf = ({ response }: Answer) => response?.choices[0]?.message.content;

async function start() {
  const cluster = await startCluster();
  await cluster.worker("desk");
  return { cluster, muster: new Muster({ baseUrl: cluster.url }) };
}

describe("@muster/sdk on batches", () => {
  it("runs lines that are made on the way, and gives each result once, with progress", async () => {
    const { muster } = await start();
    const count = 200;
    async function* lines() {
      for (let i = 1; i <= count; i++) yield question(`word ${i}`);
    }
    const progress: Batch[] = [];
    const submitted: string[] = [];
    const texts = new Map<string, unknown>();
    const run = muster.batches.run(
      lines(),
      { endpoint: chat, metadata: { team: "a" } },
      { onSubmit: ({ id }) => submitted.push(id), onProgress: (batch) => progress.push(batch) },
    );
    for await (const result of run) {
      expect(texts.has(result.customId)).toBe(false);
      texts.set(result.customId, textOf(result));
    }
    const expected = Array.from({ length: count }, (_none, i) => [`line-${i + 1}`, `word ${i + 1}`]);
    expect([...texts].sort()).toEqual(expected.sort());
    const last = progress.at(-1);
    expect(last).toMatchObject({
      id: submitted[0],
      status: "completed",
      metadata: { team: "a" },
      request_counts: { total: count, completed: count, failed: 0 },
      muster: { progress: { total: count, completed: count }, models: [{ model, lines: count }] },
    });
    const file = await muster.files.content(last?.output_file_id ?? "").text();
    expect(file.trimEnd().split("\n")).toHaveLength(count);
  });

  it("goes on where answers are lost on the way, and gives everything again after a restart", async () => {
    const { cluster } = await start();
    let asked = 0;
    const restarted = () =>
      new Muster({
        baseUrl: cluster.url,
        fetch: async (url, init) => {
          const answer = await fetch(url, init);
          if (!url.includes("/results") || ++asked % 2 === 0) return answer;
          await answer.body?.cancel();
          throw new TypeError("The connection broke.");
        },
      });
    const lines = Array.from({ length: 40 }, (_none, i) => question(`word ${i}`));
    const { id } = await restarted().batches.submit([...lines, question("!hang")], { endpoint: chat });
    const first = new Set<string>();
    for await (const { customId } of restarted().batches.results<typeof chat>(id)) {
      first.add(customId);
      if (first.size === lines.length) break;
    }
    const { batches } = restarted();
    expect((await batches.retrieve(id)).status).toBe("in_progress");
    let outages = 0;
    const onOutage = () => {
      outages += 1;
    };
    const again: Answer[] = [];
    for await (const result of batches.results<typeof chat>(id, { onOutage })) {
      again.push(result);
      if (again.length === lines.length) await batches.cancel(id);
    }
    expect(again.map(({ customId }) => customId).sort()).toEqual([...first, "line-41"].sort());
    expect(again.find(({ customId }) => customId === "line-41")?.error?.code).toBe("batch_cancelled");
    expect(outages).toBeGreaterThan(0);
  });

  it("throws what is wrong with the lines, and plans them without running any", async () => {
    const { muster } = await start();
    const broken = [
      JSON.stringify({ custom_id: "a", method: "POST", url: chat, body: question("one") }),
      "{",
    ];
    const file = await muster.files.create({ file: broken.join("\n"), filename: "broken.jsonl" });
    const asked = { input_file_id: file.id, endpoint: chat } as const;
    const plan = await muster.batches.plan(asked);
    expect(plan).toMatchObject({ lines: 2, errors: { total: 1, data: [{ line: 2 }] } });
    const batch = await muster.batches.create(asked);
    const results = muster.batches.results(batch.id)[Symbol.asyncIterator]();
    const error = await results.next().catch((thrown: unknown) => thrown);
    expect(error).toBeInstanceOf(BatchFailedError);
    expect(error).toMatchObject({
      code: "invalid_json_line",
      batch: { id: batch.id, errors: { data: [{ line: 2 }] } },
    });
    expect((await muster.batches.ensure(asked)).id).toBe(batch.id);
    expect((await muster.batches.wait(batch.id)).status).toBe("failed");
  });

  it("lets only lines of the endpoint's type through", async () => {
    const { batches } = new Muster({ baseUrl: (await startCluster()).url });
    // @ts-expect-error: a request for vectors is no conversation.
    await expect(batches.submit([{ input: "red cat" }], { endpoint: chat })).rejects.toThrow(TypeError);
    // @ts-expect-error: nobody reads a stream in a batch.
    const streamed = batches.submit([{ messages: [], stream: true }], { endpoint: chat });
    await expect(streamed).rejects.toThrow(/Line 1 names no model/);
  });

  it("embeds, pauses and resumes", async () => {
    const { muster } = await start();
    const { id } = await muster.batches.submit([{ custom_id: "cat", body: { input: "red cat" } }], {
      endpoint: "/v1/embeddings",
      model,
    });
    expect((await muster.batches.pause(id)).muster.paused).toBe(true);
    expect((await muster.batches.resume(id)).muster.paused).toBe(false);
    for await (const { customId, response } of muster.batches.results<"/v1/embeddings">(id)) {
      expect(customId).toBe("cat");
      const [vector] = response?.data ?? [];
      expect(Math.hypot(...(vector?.embedding ?? []))).toBeCloseTo(1);
    }
    expect((await muster.batches.list({ limit: 1 })).data[0]).toMatchObject({
      id,
      request_counts: { completed: 1 },
    });
  });
});
