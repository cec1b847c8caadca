import { randomBytes } from "node:crypto";
import { readdir, readFile, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { deferred, silentLog } from "@muster/base";
import { type FakeModelServer, sha256Of, startFakeModelServer, u32, writeGguf } from "@muster/models/testing";
import { loadWorkerConfig, type RunningWorker, startWorker, type WorkerOverrides } from "@muster/worker";
import { describe, expect, it, onTestFinished } from "vitest";
import {
  eventually,
  startCluster,
  type TestCluster,
  temporaryDirectory,
  testHardware,
} from "../harness/cluster.ts";
import { startTcpProxy } from "../harness/tcp-proxy.ts";

const uri = "hf:google/gemma/a.gguf@main";
const hubPath = "/google/gemma/resolve/main/a.gguf";
const inStore = "huggingface.co/google/gemma/main/a.gguf";

/** A file that passes for a model, of random bytes. */
function makeModel(seed: number, megabytes = 4): Uint8Array {
  const elements = (megabytes * 1024 * 1024) / 4;
  const file = writeGguf({
    entries: [{ key: "general.seed", type: 4, value: u32(seed) }],
    tensors: [{ name: "weights", elements }],
  });
  file.set(randomBytes(elements * 4), file.length - elements * 4);
  return file;
}

async function startHub(): Promise<FakeModelServer> {
  const hub = await startFakeModelServer();
  onTestFinished(() => hub.close());
  return hub;
}

interface Desk {
  readonly id: string;
  readonly directory: string;
  readonly worker: RunningWorker;
  /** Orders a replica, without waiting for it. */
  load(modelUri: string): Promise<void>;
  replica(): Promise<{ readonly state: string; readonly error: string | null } | undefined>;
}

/** A worker with a model directory of its own that takes what it is ordered. */
async function joinDesk(cluster: TestCluster, name: string, overrides: WorkerOverrides = {}): Promise<Desk> {
  const dataDirectory = await temporaryDirectory();
  const directory = join(dataDirectory, "models");
  const config = loadWorkerConfig(
    {
      orchestrator: cluster.orchestrator.fleetAddress,
      name,
      dataDirectory,
      modelDirectory: directory,
      models: [],
      engine: "stub",
      drainMs: 1_000,
      // No hub that could be reached.
      huggingFaceEndpoint: "http://127.0.0.1:9",
      ...overrides,
    },
    {},
  );
  const worker = await startWorker(config, { log: silentLog, probe: { probe: async () => testHardware } });
  onTestFinished(() => worker.stop());
  const id = worker.workerId;
  const view = async () => (await cluster.workers()).find((each) => each.id === id);
  await eventually(async () => (await view()) !== undefined);
  return {
    ...{ id, directory, worker },
    async load(modelUri) {
      const answer = await cluster.post(`/cluster/v1/workers/${id}/replicas`, { model_uri: modelUri });
      expect(answer.status).toBe(202);
    },
    replica: async () => (await view())?.replicas[0],
  };
}

const untilReady = (desk: Desk) => eventually(async () => (await desk.replica())?.state === "ready");

function filesAsked(hub: FakeModelServer) {
  return hub.seen.filter(({ server }) => server === "files");
}

interface MirrorJson {
  readonly files: readonly { readonly uri: string; readonly sha256: string; readonly pinned: boolean }[];
  readonly fetching: readonly { readonly uri: string; readonly error: string | null }[];
  readonly workers: readonly {
    readonly id: string;
    readonly files: readonly { readonly uri: string; readonly sha256: string }[] | null;
    readonly fetching: readonly { readonly uri: string; readonly error: string | null }[];
  }[];
}

async function mirrorOf(cluster: TestCluster): Promise<MirrorJson> {
  return (await (await fetch(`${cluster.url}/cluster/v1/mirror`)).json()) as MirrorJson;
}

/** Why a load has failed. One look at both: what has failed is tried again after a while. */
async function failureOf(desk: Awaited<ReturnType<typeof joinDesk>>): Promise<string> {
  let error: string | null | undefined;
  await eventually(async () => {
    const replica = await desk.replica();
    error = replica?.error;
    return replica?.state === "failed";
  });
  return error ?? "";
}

describe("the office mirror", () => {
  it("fetches a file once from the hub, for workers that read it while it arrives", async () => {
    const hub = await startHub();
    const model = makeModel(1);
    hub.put(hubPath, model);
    const cluster = await startCluster({ huggingFaceEndpoint: hub.hubUrl, fetchHosts: ["127.0.0.1:*"] });
    const desks = await Promise.all(["a", "b", "c"].map((name) => joinDesk(cluster, name)));
    const rest = deferred<void>();
    hub.mishap({ kind: "pause", until: rest.promise });
    await Promise.all(desks.map((desk) => desk.load(uri)));
    // The hub has sent half: each worker gets it, though nobody has the whole yet.
    await eventually(async () => {
      const sizes = await Promise.all(
        desks.map(({ directory }) => sizeOf(join(directory, `${inStore}.part`))),
      );
      return sizes.every((size) => size >= model.length / 2 - 128 * 1024);
    });
    rest.resolve();
    await Promise.all(desks.map(untilReady));

    expect(filesAsked(hub)).toHaveLength(1);
    for (const { directory } of desks)
      expect(sha256Of(await readFile(join(directory, inStore)))).toBe(sha256Of(model));
    const later = await joinDesk(cluster, "d");
    await later.load(uri);
    await untilReady(later);
    expect(filesAsked(hub)).toHaveLength(1);
    await eventually(async () =>
      (await mirrorOf(cluster)).workers.every(({ files }) => files?.[0]?.uri === uri),
    );
  });

  it("goes on where the connection to a worker was cut, and where the hub's was", async () => {
    const hub = await startHub();
    const model = makeModel(2, 8);
    hub.put(hubPath, model);
    const cluster = await startCluster({ huggingFaceEndpoint: hub.hubUrl, fetchHosts: ["127.0.0.1:*"] });
    const proxy = await startTcpProxy();
    onTestFinished(() => proxy.close());
    proxy.forwardTo(cluster.orchestrator.fleetAddress);
    const desk = await joinDesk(cluster, "a", { orchestrator: proxy.address });
    hub.mishap({ kind: "cut", atFraction: 0.5 });
    proxy.cutAfter(model.length / 2);
    await desk.load(uri);
    await untilReady(desk);

    expect(filesAsked(hub).map(({ range }) => range)).toEqual([
      undefined,
      expect.stringMatching(/^bytes=[1-9]/),
    ]);
    expect(sha256Of(await readFile(join(desk.directory, inStore)))).toBe(sha256Of(model));
    // Half of it once more would be four megabytes.
    expect(proxy.receivedBytes()).toBeLessThan(model.length * 1.25);
  });

  it("gives way to the hub itself, which goes on in the same unfinished file", async () => {
    const hub = await startHub();
    const model = makeModel(3);
    hub.put(hubPath, model);
    const cluster = await startCluster({ huggingFaceEndpoint: hub.hubUrl, fetchHosts: ["127.0.0.1:*"] });
    const half = deferred<void>();
    hub.mishap({ kind: "pause", until: half.promise });
    const desk = await joinDesk(cluster, "a", {
      huggingFaceEndpoint: hub.hubUrl,
      fetchHosts: ["127.0.0.1:*"],
    });
    await desk.load(uri);
    const part = join(desk.directory, `${inStore}.part`);
    await eventually(async () => (await sizeOf(part)) >= model.length / 2 - 128 * 1024);
    // The mirror gives the file up in the midst.
    const removed = await fetch(`${cluster.url}/cluster/v1/mirror/models/${encodeURIComponent(uri)}`, {
      method: "DELETE",
    });
    expect(removed.status).toBe(200);
    half.resolve();
    await untilReady(desk);
    expect(sha256Of(await readFile(join(desk.directory, inStore)))).toBe(sha256Of(model));
    const again = filesAsked(hub).slice(1);
    expect(again.length).toBeGreaterThan(0);
    for (const { range } of again)
      expect(Number(/^bytes=(\d+)-/.exec(range ?? "")?.[1])).toBeGreaterThan(model.length / 4);
  });

  it("never hands on, and no worker loads, a file that is not what the hub promises", async () => {
    const hub = await startHub();
    const model = makeModel(4);
    hub.put(hubPath, model, { sha256: sha256Of(Buffer.from("another")) });
    const cluster = await startCluster({ huggingFaceEndpoint: hub.hubUrl, fetchHosts: ["127.0.0.1:*"] });
    const desk = await joinDesk(cluster, "a", { fetchPolicy: "mirror-only" });
    await desk.load(uri);
    expect(await failureOf(desk)).toContain("SHA-256");
    const { files, fetching } = await mirrorOf(cluster);
    expect(files).toEqual([]);
    expect(fetching).toMatchObject([{ uri, error: expect.stringContaining("SHA-256") }]);
    const left = await readdir(join(desk.directory, "huggingface.co/google/gemma/main"));
    expect(left.filter((name) => name.endsWith(".gguf"))).toEqual([]);
  });

  it("discards what is no model, though its checksum is right", async () => {
    const hub = await startHub();
    hub.put(hubPath, randomBytes(100_000));
    const cluster = await startCluster({ huggingFaceEndpoint: hub.hubUrl, fetchHosts: ["127.0.0.1:*"] });
    const desk = await joinDesk(cluster, "a", {
      huggingFaceEndpoint: hub.hubUrl,
      fetchHosts: ["127.0.0.1:*"],
    });
    await desk.load(uri);
    expect(await failureOf(desk)).toContain("not a model");
    expect((await mirrorOf(cluster)).files).toEqual([]);
  });

  it("is not believed: a file that has rotted on its disk comes from the hub instead", async () => {
    const hub = await startHub();
    const model = makeModel(9);
    hub.put(hubPath, model);
    const mirrorDirectory = await temporaryDirectory();
    const cluster = await startCluster({
      huggingFaceEndpoint: hub.hubUrl,
      fetchHosts: ["127.0.0.1:*"],
      mirrorDirectory,
    });
    await (await joinDesk(cluster, "first")).load(uri);
    const stored = join(mirrorDirectory, inStore);
    await eventually(async () => (await mirrorOf(cluster)).files.length === 1);
    const rotten = Buffer.from(model);
    rotten.writeUInt8(rotten.readUInt8(rotten.length - 5) ^ 1, rotten.length - 5);
    await writeFile(stored, rotten);
    // As a bad disk does it: nothing else tells of the change.
    const manifest = JSON.parse(await readFile(`${stored}.json`, "utf8")) as object;
    const { mtimeMs: modifiedMs } = await stat(stored);
    await writeFile(`${stored}.json`, JSON.stringify({ ...manifest, modifiedMs }));

    const wary = await joinDesk(cluster, "wary", { fetchPolicy: "mirror-only" });
    await wary.load(uri);
    expect(await failureOf(wary)).toContain("arrived wrong");
    const desk = await joinDesk(cluster, "desk", {
      huggingFaceEndpoint: hub.hubUrl,
      fetchHosts: ["127.0.0.1:*"],
    });
    await desk.load(uri);
    await untilReady(desk);
    expect(sha256Of(await readFile(join(desk.directory, inStore)))).toBe(sha256Of(model));
  });

  it("tells nobody where its files lie when one cannot be got", async () => {
    const hub = await startHub();
    hub.put(hubPath, Buffer.from("<html>no model at all</html>"));
    const cluster = await startCluster({ huggingFaceEndpoint: hub.hubUrl, fetchHosts: ["127.0.0.1:*"] });
    expect((await cluster.post("/cluster/v1/mirror/pull", { model: uri })).status).toBe(202);
    const problem = async () => (await mirrorOf(cluster)).fetching[0]?.error;
    await eventually(async () => typeof (await problem()) === "string");
    const told = await problem();
    expect(told).toContain("the mirror's directory");
    expect(told).not.toContain(tmpdir());
  });

  it("offers only what was ordered, and nothing of the orchestrator's own disk", async () => {
    const hub = await startHub();
    hub.put(hubPath, makeModel(5));
    const cluster = await startCluster({ huggingFaceEndpoint: hub.hubUrl, fetchHosts: ["127.0.0.1:*"] });
    const stray = await joinDesk(cluster, "stray", {
      models: [{ uri, name: "m" }],
      fetchPolicy: "mirror-only",
    });
    expect(await failureOf(stray)).toContain("does not offer");
    expect(hub.seen).toEqual([]);
  });
});

describe("the mirror's routes", () => {
  it("refuse what is no model, and say what is wrong with it", async () => {
    const cluster = await startCluster({ maxImportBytes: 1_000 });
    const refused = async (answer: Promise<Response>) => {
      const response = await answer;
      return { status: response.status, ...((await response.json()) as { error: object }).error };
    };
    const pull = (body: unknown) => refused(cluster.post("/cluster/v1/mirror/pull", body));
    expect(await pull({})).toMatchObject({ status: 400, param: "model" });
    expect(await pull({ model: "gemma", workers: "yes" })).toMatchObject({ status: 400, param: "workers" });
    expect(await pull({ model: "gemma-9" })).toMatchObject({ status: 404, code: "model_not_found" });
    expect(await pull({ model: "hf:google/gemma" })).toMatchObject({ status: 400, code: "invalid_request" });
    for (const model of [
      "/etc/passwd",
      "file:///etc/passwd",
      "builtin:tiny-gemma",
      "openai:http://127.0.0.1/v1",
    ])
      expect(await pull({ model })).toMatchObject({ status: 404, code: "model_not_found" });
    for (const model of ["http://127.0.0.1:6379/a.gguf", "https://localhost/a.gguf", "https://[::1]/a.gguf"])
      expect(await pull({ model })).toMatchObject({ status: 400, code: "invalid_request" });
    const pin = cluster.post("/cluster/v1/mirror/pin", { model: uri, pinned: true });
    expect(await refused(pin)).toMatchObject({ status: 404, code: "not_found" });
    const gone = fetch(`${cluster.url}/cluster/v1/mirror/models/${encodeURIComponent(uri)}`, {
      method: "DELETE",
    });
    expect(await refused(gone)).toMatchObject({ status: 404, code: "not_found" });
    const put = (name: string, body: string) =>
      refused(fetch(`${cluster.url}/cluster/v1/mirror/files/${name}`, { method: "PUT", body }));
    expect(await put("a.txt", "GGUF")).toMatchObject({ status: 400 });
    expect(await put("a.gguf", "")).toMatchObject({ status: 400 });
    expect(await put("a.gguf", "x".repeat(1_001))).toMatchObject({ status: 413, code: "request_too_large" });
    expect(await put("a.gguf?bytes=3", "GGUF")).toMatchObject({ status: 400 });
    expect(await put("a.gguf?sha256=x", "GGUF")).toMatchObject({ status: 400, param: "sha256" });
  });

  it("are not there where the mirror is off; workers then fetch for themselves", async () => {
    const hub = await startHub();
    hub.put(hubPath, makeModel(10));
    const cluster = await startCluster({ isMirrorOn: false });
    expect((await fetch(`${cluster.url}/cluster/v1/mirror`)).status).toBe(404);
    const desk = await joinDesk(cluster, "a", {
      huggingFaceEndpoint: hub.hubUrl,
      fetchHosts: ["127.0.0.1:*"],
    });
    await desk.load(uri);
    await untilReady(desk);
    expect(filesAsked(hub)).toHaveLength(1);
  });
});

describe("the mirror's disk", () => {
  it("keeps to its budget: what was not used for longest goes, what is pinned stays", async () => {
    const hub = await startHub();
    const uris = ["one", "two", "three", "four"].map((name, seed) => {
      hub.put(`/o/r/resolve/main/${name}.gguf`, makeModel(seed, 2));
      return `hf:o/r/${name}.gguf@main`;
    });
    const [one = "", two = "", three = "", four = ""] = uris;
    const cluster = await startCluster({
      huggingFaceEndpoint: hub.hubUrl,
      fetchHosts: ["127.0.0.1:*"],
      mirrorDiskBytes: 5 * 1024 * 1024,
    });
    const pull = async (model: string) => {
      expect((await cluster.post("/cluster/v1/mirror/pull", { model })).status).toBe(202);
      await eventually(async () => {
        const { files, fetching } = await mirrorOf(cluster);
        return fetching.length === 0 && files.some((file) => file.uri === model);
      });
    };
    const kept = async () => (await mirrorOf(cluster)).files.map((file) => file.uri).sort();
    await pull(one);
    await pull(two);
    expect((await cluster.post("/cluster/v1/mirror/pin", { model: one, pinned: true })).status).toBe(200);
    await pull(three);
    expect(await kept()).toEqual([one, three].sort());
    await pull(four);
    expect(await kept()).toEqual([one, four].sort());
  });

  it("takes a file in without any network, and gives it to workers", async () => {
    const cluster = await startCluster({ huggingFaceEndpoint: "http://127.0.0.1:9" });
    const model = makeModel(6);
    const put = (name: string, body: Uint8Array, sha256 = sha256Of(body)) =>
      fetch(`${cluster.url}/cluster/v1/mirror/files/${name}?sha256=${sha256}`, {
        method: "PUT",
        body: Buffer.from(body),
        headers: { "content-type": "application/octet-stream" },
      });
    expect((await put("mine.gguf", model, sha256Of(Buffer.from("x")))).status).toBe(400);
    expect((await put("mine.gguf", randomBytes(1_000))).status).toBe(400);
    expect((await put("..%2Fmine.gguf", model)).status).toBe(400);
    expect((await mirrorOf(cluster)).files).toEqual([]);
    // Two of one name at once: whichever stays has its own checksum.
    const rivals = [makeModel(11), makeModel(12, 2)];
    const both = await Promise.all(rivals.map((body) => put("rival.gguf", body)));
    expect(both.map(({ status }) => status)).toEqual([201, 201]);
    const [kept] = (await mirrorOf(cluster)).files;
    expect(rivals.map(sha256Of)).toContain(kept?.sha256);
    const reader = await joinDesk(cluster, "reader");
    await reader.load("local:rival.gguf");
    await untilReady(reader);
    expect(sha256Of(await readFile(join(reader.directory, "local/rival.gguf")))).toBe(kept?.sha256);
    const taken = await put("mine.gguf", model);
    expect(taken.status).toBe(201);
    expect(await taken.json()).toMatchObject({ uri: "local:mine.gguf", sha256: sha256Of(model) });
    const desk = await joinDesk(cluster, "a");
    await desk.load("local:mine.gguf");
    await untilReady(desk);
    expect(sha256Of(await readFile(join(desk.directory, "local/mine.gguf")))).toBe(sha256Of(model));
  });
});

describe("a worker's disk", () => {
  it("gets and loses models as ordered, and says so", async () => {
    const hub = await startHub();
    const model = makeModel(7);
    hub.put(hubPath, model);
    const cluster = await startCluster({ huggingFaceEndpoint: hub.hubUrl, fetchHosts: ["127.0.0.1:*"] });
    const desk = await joinDesk(cluster, "a");
    const pulled = await cluster.post("/cluster/v1/mirror/pull", { model: uri, workers: true });
    expect(await pulled.json()).toMatchObject({ files: [uri], workers: ["a"] });
    const onDesk = async () => (await mirrorOf(cluster)).workers.find(({ id }) => id === desk.id)?.files;
    await eventually(async () => (await onDesk())?.[0]?.sha256 === sha256Of(model));
    expect(filesAsked(hub)).toHaveLength(1);
    const path = `/cluster/v1/mirror/models/${encodeURIComponent(uri)}?workers=true`;
    const removed = await fetch(`${cluster.url}${path}`, { method: "DELETE" });
    expect(await removed.json()).toMatchObject({ workers: ["a"], deleted: true });
    await eventually(async () => (await onDesk())?.length === 0);
    expect((await mirrorOf(cluster)).files).toEqual([]);
  });

  it("keeps to its budget, and keeps what is loaded", async () => {
    const hub = await startHub();
    const uris = ["one", "two", "three"].map((name, seed) => {
      hub.put(`/o/r/resolve/main/${name}.gguf`, makeModel(seed, 2));
      return `hf:o/r/${name}.gguf@main`;
    });
    const [one = "", two = "", three = ""] = uris;
    const cluster = await startCluster({ huggingFaceEndpoint: hub.hubUrl, fetchHosts: ["127.0.0.1:*"] });
    const desk = await joinDesk(cluster, "a", { modelDiskBytes: 5 * 1024 * 1024 });
    await desk.load(one);
    await untilReady(desk);
    const onDesk = async () => {
      const { workers } = await mirrorOf(cluster);
      return workers.find(({ id }) => id === desk.id)?.files?.map((file) => file.uri) ?? [];
    };
    for (const next of [two, three]) {
      await cluster.post("/cluster/v1/mirror/pull", { model: next, workers: true });
      await eventually(async () => (await onDesk()).includes(next));
    }
    expect((await onDesk()).sort()).toEqual([one, three].sort());
  });
});

async function sizeOf(path: string): Promise<number> {
  return await stat(path).then(
    ({ size }) => size,
    () => 0,
  );
}
