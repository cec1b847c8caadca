import { readFile } from "node:fs/promises";
import { type FakeModelServer, sha256Of, startFakeModelServer } from "@muster/models/testing";
import { describe, expect, it } from "vitest";
import { type BatchJson, createBatchApi } from "../harness/batch-api.ts";
import {
  chat,
  eventually,
  readStream,
  startCluster,
  temporaryDirectory,
  untilTestEnds,
} from "../harness/cluster.ts";

const tinyPath = new URL("../../packages/models/built-in/tiny-gemma.gguf", import.meta.url);

/** A hub that has one model, and the address of it. */
async function startHub(): Promise<{ readonly server: FakeModelServer; readonly uri: string }> {
  const server = await startFakeModelServer();
  untilTestEnds(() => server.close());
  server.put("/office/house-GGUF/resolve/main/house-4b-Q8_0.gguf", await readFile(tinyPath));
  return { server, uri: "hf:office/house-GGUF/house-4b-Q8_0.gguf" };
}

interface CatalogueModelJson {
  readonly id: string;
  readonly family: string;
  readonly origin: string;
  readonly pin: { readonly replicas: number; readonly labels: object } | null;
  readonly variants: readonly {
    readonly id: string;
    readonly sha256: string | null;
    readonly bytes: number;
  }[];
  readonly loaded: readonly { readonly worker: string; readonly state: string }[];
}

async function catalogueOf(url: string): Promise<readonly CatalogueModelJson[]> {
  return ((await (await fetch(`${url}/cluster/v1/models`)).json()) as { data: CatalogueModelJson[] }).data;
}

function served(...names: readonly string[]) {
  return { models: names.map((name) => ({ uri: `stub:${name}`, name })) };
}

describe("the catalogue over HTTP", () => {
  it("lists what Muster knows, with files, where it is loaded and what is pinned", async () => {
    const cluster = await startCluster();
    await cluster.worker("desk", served("gemma-4-e4b-it"));
    const models = await catalogueOf(cluster.url);
    expect(models.find(({ id }) => id === "gemma-4-e4b-it")).toMatchObject({
      family: "gemma-4",
      origin: "built-in",
      pin: null,
      loaded: [{ worker: "desk", state: "ready" }],
    });
    const pinned = await fetch(`${cluster.url}/cluster/v1/models/gemma-4-12b-it/pin`, {
      method: "PUT",
      headers: { "content-type": "application/json" },
      body: JSON.stringify({ replicas: 2, labels: { room: "lab" } }),
    });
    expect(await pinned.json()).toMatchObject({ pin: { replicas: 2, labels: { room: "lab" } } });
    const unpinned = await fetch(`${cluster.url}/cluster/v1/models/gemma-4-12b-it/pin`, { method: "DELETE" });
    expect(await unpinned.json()).toMatchObject({ id: "gemma-4-12b-it", pin: null });
    const builtIn = await fetch(`${cluster.url}/cluster/v1/models/gemma-4-12b-it`, { method: "DELETE" });
    expect(builtIn.status).toBe(400);
    expect((await fetch(`${cluster.url}/cluster/v1/models/none`, { method: "DELETE" })).status).toBe(404);
  });

  it("takes up a model from a hub by what its file says, for all orchestrators and after a restart", async () => {
    const { server, uri } = await startHub();
    const directory = await temporaryDirectory();
    const settings = {
      objectStore: `${directory}/objects`,
      huggingFaceEndpoint: server.hubUrl,
      fetchHosts: ["127.0.0.1:*"],
    };
    const cluster = await startCluster(settings);
    const added = await cluster.post("/cluster/v1/models", { uri, family: "house" });
    expect(added.status).toBe(201);
    expect(await added.json()).toMatchObject({
      id: "house-4b",
      family: "house",
      kind: "chat",
      origin: "added",
      variants: [{ id: "q8_0", sha256: sha256Of(await readFile(tinyPath)), bytes: 1_395_200, layers: 6 }],
    });
    // The header alone was fetched, not the file.
    expect(server.seen.every(({ method, range }) => method === "HEAD" || range !== undefined)).toBe(true);
    const again = await cluster.post("/cluster/v1/models", { uri });
    expect(again.status).toBe(400);
    const other = await startCluster(settings);
    expect((await catalogueOf(other.url)).some(({ id }) => id === "house-4b")).toBe(true);
    await cluster.worker("desk", served("house-4b"));
    const answer = await cluster.post("/v1/chat/completions", chat("hello", { model: "house" }));
    expect(await answer.json()).toMatchObject({ model: "house-4b" });
    const removed = await fetch(`${cluster.url}/cluster/v1/models/house-4b`, { method: "DELETE" });
    expect(await removed.json()).toEqual({ id: "house-4b", object: "model", deleted: true });
    expect((await catalogueOf(cluster.url)).some(({ id }) => id === "house-4b")).toBe(false);
  });

  it("refuses a file that is no model, with a sentence", async () => {
    const { server } = await startHub();
    server.put("/office/page/resolve/main/page.gguf", Buffer.from("<html>not a model</html>"));
    const cluster = await startCluster({ huggingFaceEndpoint: server.hubUrl, fetchHosts: ["127.0.0.1:*"] });
    const refused = await cluster.post("/cluster/v1/models", { uri: "hf:office/page/page.gguf" });
    expect(refused.status).toBe(400);
    expect(await refused.json()).toMatchObject({
      error: { param: "uri", message: expect.stringContaining("is not a model that can be used") },
    });
  });
});

describe("a name that stands for a model", () => {
  it("is answered by the best of its family that is served, at every endpoint", async () => {
    const cluster = await startCluster();
    await cluster.worker("desk", served("gemma-4-e2b-it", "gemma-4-12b-it", "embeddinggemma-300m"));
    const asked: readonly [string, object, object][] = [
      ["/v1/chat/completions", chat("hello", { model: "gemma-4" }), { model: "gemma-4-12b-it" }],
      ["/v1/chat/completions", chat("hello", { model: "Gemma-4-E2B" }), { model: "gemma-4-e2b-it" }],
      ["/v1/chat/completions", chat("hello", { model: "auto" }), { model: "gemma-4-12b-it" }],
      ["/v1/completions", { model: "gemma-4", prompt: "a", max_tokens: 2 }, { model: "gemma-4-12b-it" }],
      ["/v1/responses", { model: "gemma-4", input: "a" }, { model: "gemma-4-12b-it" }],
      [
        "/v1/messages",
        { model: "gemma-4", max_tokens: 5, messages: [{ role: "user", content: "a" }] },
        { model: "gemma-4-12b-it" },
      ],
      ["/v1/embeddings", { model: "embedding-gemma", input: "a" }, { model: "embeddinggemma-300m" }],
      ["/v1/rerank", { model: "gemma-4", query: "a", documents: ["b"] }, { model: "gemma-4-12b-it" }],
      ["/tokenize", { model: "gemma-4", prompt: "a b" }, { model: "gemma-4-12b-it" }],
    ];
    for (const [path, body, expected] of asked) {
      const answer = await cluster.post(path, body);
      expect({ path, status: answer.status }).toEqual({ path, status: 200 });
      expect(await answer.json()).toMatchObject(expected);
      expect(answer.headers.get("x-muster-worker")).toBe("desk");
      expect(answer.headers.get("x-muster-model")).toBe((expected as { model: string }).model);
    }
    const streamed = await cluster.post(
      "/v1/chat/completions",
      chat("hello", { model: "gemma-4", stream: true }),
    );
    const { events } = await readStream(streamed);
    expect(events.at(-1)).toMatchObject({
      model: "gemma-4-12b-it",
      system_fingerprint: "muster-desk-gemma-4-12b-it",
    });
  });

  it("is listed for clients, beside what is served", async () => {
    const cluster = await startCluster();
    await cluster.worker("desk", served("gemma-4-e2b-it"));
    const { data } = (await (await fetch(`${cluster.url}/v1/models`)).json()) as {
      data: { id: string; state: string; object: string; name: string; owned_by: string; family?: boolean }[];
    };
    expect(data.map(({ id, state, family }) => [id, state, family ?? false])).toEqual([
      ["gemma-4-e2b-it", "served", false],
      ["gemma-4", "served", true],
      ["auto", "served", true],
    ]);
    for (const model of data)
      expect(model).toMatchObject({ object: "model", name: model.id, owned_by: "muster" });
    const family = await fetch(`${cluster.url}/v1/models/gemma-4`);
    expect(await family.json()).toMatchObject({ family: true, members: ["gemma-4-e2b-it"] });
    expect((await fetch(`${cluster.url}/v1/models/qwen-3`)).status).toBe(404);
  });

  it("is one model for all lines of a batch, and each answer says which", async () => {
    const cluster = await startCluster();
    await cluster.worker("desk", served("gemma-4-e2b-it", "gemma-4-12b-it"));
    const api = createBatchApi({ url: () => cluster.url });
    const lines = ["gemma-4", "gemma-4", "gemma4:e2b"].map((model, at) => ({
      custom_id: `line-${at}`,
      method: "POST",
      url: "/v1/chat/completions",
      body: { model, messages: [{ role: "user", content: "hello" }], max_tokens: 3 },
    }));
    const file = await api.upload(lines.map((line) => JSON.stringify(line)).join("\n"));
    const { id } = await api.create(file.id, { muster: { provenance: true } });
    const done = (await api.untilState(id, "completed")) as BatchJson & {
      readonly muster: { readonly provenance_file_id: string };
    };
    const output = await api.results(done.output_file_id);
    expect(output.map(({ response }) => (response?.body as { model?: string } | undefined)?.model)).toEqual([
      "gemma-4-12b-it",
      "gemma-4-12b-it",
      "gemma-4-e2b-it",
    ]);
    const origins = (await api.content(done.muster.provenance_file_id)).trim().split("\n");
    expect(origins.map((line) => (JSON.parse(line) as { model: string }).model)).toEqual([
      "gemma-4-12b-it",
      "gemma-4-12b-it",
      "gemma-4-e2b-it",
    ]);
  });
});

describe("a deadline", () => {
  it("ends an answer that is not complete, with a 504, or an event in a stream", async () => {
    const cluster = await startCluster();
    await cluster.worker("desk", { stubTokensPerSecond: 5 });
    const slow = chat("long", { max_tokens: 1_000 });
    const late = await cluster.post("/v1/chat/completions", slow, {
      headers: { "x-muster-deadline-ms": "300" },
    });
    expect(late.status).toBe(504);
    expect(await late.json()).toMatchObject({ error: { code: "deadline_exceeded" } });
    expect(late.headers.get("x-should-retry")).toBe("false");
    const streamed = await readStream(
      await cluster.post("/v1/chat/completions", { ...slow, stream: true, deadline_ms: 600 }),
    );
    expect(streamed.error?.code).toBe("deadline_exceeded");
    expect(streamed.isDone).toBe(false);
    // Its slots are free again.
    await eventually(() => cluster.orchestrator.load().runningAttempts === 0);
    const intime = await cluster.post(
      "/v1/chat/completions",
      chat("a", { max_tokens: 1, deadline_ms: 20_000 }),
    );
    expect(intime.status).toBe(200);
  });

  it("is an error where it cannot be", async () => {
    const cluster = await startCluster();
    await cluster.worker("desk");
    for (const value of ["0", "-1", "1.5", "soon", "86400001"]) {
      const answer = await cluster.post("/v1/chat/completions", chat("a"), {
        headers: { "x-muster-deadline-ms": value },
      });
      expect(answer.status).toBe(400);
      expect(await answer.json()).toMatchObject({ error: { param: "x-muster-deadline-ms" } });
    }
  });
});
