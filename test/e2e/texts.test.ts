import { beforeAll, describe, expect, it } from "vitest";
import { model, startCluster, type TestCluster, untilSuiteEnds } from "../harness/cluster.ts";
import { tinyEmbedder, tinyReranker } from "../support/tiny-model.ts";

interface Ranked {
  readonly results: readonly { readonly index: number; readonly relevance_score: number }[];
}

const query = "capital of norway";
const documents = ["a red bicycle in the rain", "oslo is the capital of norway", "one two three"];

describe("an embedding model in the cluster", () => {
  const atEnd = untilSuiteEnds();
  let cluster: TestCluster;
  beforeAll(async () => {
    cluster = await startCluster({}, atEnd);
    await cluster.workerProcess("desk", { modelPath: await tinyEmbedder(), args: ["--threads", "1"] });
  });

  it("gives the same text the same vector, of length 1", async () => {
    const response = await cluster.post("/v1/embeddings", {
      model,
      input: [query, documents[0], query],
      encoding_format: "float",
    });
    const { data } = (await response.json()) as { data: { embedding: number[] }[] };
    const [first, other, again] = data.map(({ embedding }) => embedding);
    expect(first).toEqual(again);
    expect(first).not.toEqual(other);
    expect(Math.hypot(...(first ?? []))).toBeCloseTo(1, 3);
  });

  it("ranks what shares the query's words first", async () => {
    const response = await cluster.post("/v1/rerank", { model, query, documents });
    const { results } = (await response.json()) as Ranked;
    expect(results[0]?.index).toBe(1);
    expect(results).toHaveLength(documents.length);
  });

  it("does not chat: the request is refused before it waits for anybody", async () => {
    const response = await cluster.post("/v1/chat/completions", {
      model,
      messages: [{ role: "user", content: "Hello" }],
    });
    expect(response.status).toBe(400);
    expect(JSON.stringify(await response.json())).toContain("cannot do: chat");
  });
});

describe("a reranker in the cluster", () => {
  it("judges every document, and equal ones equally", async () => {
    // Its scores mean nothing: it would be held back.
    const cluster = await startCluster({ canary: "off" });
    await cluster.workerProcess("desk", { modelPath: await tinyReranker(), args: ["--threads", "1"] });
    const response = await cluster.post("/rerank", { model, query, documents: [...documents, documents[0]] });
    const { results } = (await response.json()) as Ranked;
    const scores = new Map(results.map((result) => [result.index, result.relevance_score]));
    expect(scores.size).toBe(4);
    expect(scores.get(3)).toBe(scores.get(0));
  });
});
