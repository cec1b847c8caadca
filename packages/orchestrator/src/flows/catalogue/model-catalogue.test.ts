import { readFile } from "node:fs/promises";
import { Background, deferred, ManualClock, MusterError, silentLog } from "@muster/base";
import { builtInCatalogue, type InspectedModel, type ModelInspector, readGgufHeader } from "@muster/models";
import { describe, expect, it } from "vitest";
import { sha256 } from "../../adapters/common/sha256.ts";
import type { ObjectStore } from "../../ports/object-store.ts";
import { testStore } from "../batches/ingest.fixture.ts";
import { CatalogueStore } from "./catalogue-records.ts";
import { ModelCatalogue } from "./model-catalogue.ts";

const tinyPath = new URL("../../../../models/built-in/tiny-gemma.gguf", import.meta.url);
const content = await readFile(tinyPath);
const read = readGgufHeader(content);
if (read.kind !== "header") throw new Error(read.kind);
const { header } = read;
const signal = new AbortController().signal;

function seenAs(change: Partial<InspectedModel> = {}) {
  const asked: string[] = [];
  const inspector: ModelInspector = {
    async inspect(uri) {
      asked.push(uri);
      return { uri: `${uri}@main`, bytes: content.length, sha256: "ab", header, parts: [], ...change };
    },
  };
  return { inspector, asked };
}

async function start(
  options: {
    readonly store?: ObjectStore;
    readonly inspector?: ModelInspector;
    readonly clock?: ManualClock;
  } = {},
) {
  const store = options.store ?? (await testStore());
  const clock = options.clock ?? new ManualClock();
  const background = new Background(silentLog);
  const catalogue = new ModelCatalogue({
    records: new CatalogueStore({ store, digest: sha256 }),
    inspector: options.inspector ?? seenAs().inspector,
    builtIn: builtInCatalogue,
    clock,
    log: silentLog,
    background,
  });
  await catalogue.start();
  return { catalogue, store, clock, background };
}

const uri = "hf:o/r/mine-Q8_0.gguf";

describe("a model that is added", () => {
  it("is found by the name of its file, with what its header says", async () => {
    const { inspector, asked } = seenAs();
    const { catalogue } = await start({ inspector });
    await catalogue.add({ uri }, signal);
    expect(asked).toEqual([uri]);
    expect(catalogue.find("mine")?.entry).toMatchObject({
      id: "mine",
      family: "mine",
      kind: "chat",
      origin: "added",
      variants: [{ id: "q8_0", uri: `${uri}@main`, bytes: content.length, sha256: "ab" }],
    });
    expect(catalogue.find("MINE:q8_0")?.variant?.id).toBe("q8_0");
  });

  it("may be one of a family, by its size", async () => {
    const { catalogue } = await start();
    const { entry } = await catalogue.add({ uri, family: "gemma-4" }, signal);
    // Smaller than all of them.
    expect(entry.rank).toBeLessThan(1);
  });

  it("cannot take a name away, nor be of another kind than its family", async () => {
    const { catalogue } = await start();
    for (const id of ["gemma-4-e4b-it", "gemma4:e4b", "gemma-4", "auto", "Mine", "../x", ""])
      await expect(catalogue.add({ uri, id }, signal)).rejects.toMatchObject({
        code: "invalid_request",
        param: "id",
      });
    for (const family of ["gemma-4-e4b-it", "auto", "a/b", "reranker"])
      await expect(catalogue.add({ uri, family }, signal)).rejects.toMatchObject({ param: "family" });
    await catalogue.add({ uri }, signal);
    await expect(catalogue.add({ uri }, signal)).rejects.toThrow(/in the catalogue already/);
  });

  it("is refused where its file says nothing of its memory, or cannot be read", async () => {
    const bare = seenAs({ header: { ...header, metadata: new Map() } });
    const { catalogue } = await start({ inspector: bare.inspector });
    await expect(catalogue.add({ uri }, signal)).rejects.toThrow(/need of memory cannot be told/);
    const failing: ModelInspector = {
      inspect: () => Promise.reject(new MusterError("model_load_failed", "It is no GGUF file.")),
    };
    const other = await start({ inspector: failing });
    await expect(other.catalogue.add({ uri }, signal)).rejects.toMatchObject({ code: "model_load_failed" });
    expect(other.catalogue.find("mine")).toBeUndefined();
  });

  it("is not looked for on this machine's ports, nor where no model can be", async () => {
    const { inspector, asked } = seenAs();
    const { catalogue } = await start({ inspector });
    for (const bad of [
      "http://127.0.0.1:6379/m.gguf",
      "https://localhost:8443/m.gguf",
      "https://localhost./m.gguf",
      "https://a.localhost/m.gguf",
      "https://0x7f000001/m.gguf",
      "https://2130706433/m.gguf",
      "https://0.0.0.0/m.gguf",
      "https://169.254.169.254/m.gguf",
      "https://100.100.100.200/m.gguf",
      "https://[::1]/m.gguf",
      "https://[::]/m.gguf",
      "https://[fe80::1]/m.gguf",
      "https://[::ffff:127.0.0.1]/m.gguf",
      "https://intranet.example/admin?delete=all",
      "/etc/passwd",
      "/dev/zero",
      "~/.ssh/id_ed25519",
      "file:///etc/hostname",
      "//server/share/m.gguf",
      "\\\\server\\share\\m.gguf",
    ])
      await expect(catalogue.add({ uri: bad }, signal), bad).rejects.toMatchObject({
        code: "invalid_request",
        param: "uri",
      });
    expect(asked).toEqual([]);
    await catalogue.add({ uri: "https://models.example/a/mine.gguf" }, signal);
    await catalogue.add({ uri: "/models/other.GGUF" }, signal);
  });

  it("waits for others where many are looked at, since each takes memory", async () => {
    const waiting = deferred<void>();
    const slow: ModelInspector = {
      async inspect(asked, until) {
        await waiting.promise;
        return seenAs().inspector.inspect(asked, until);
      },
    };
    const { catalogue } = await start({ inspector: slow });
    const adding = ["a", "b", "c", "d"].map((id) => catalogue.add({ uri, id }, signal));
    await expect(catalogue.add({ uri, id: "e" }, signal)).rejects.toMatchObject({ code: "queue_full" });
    waiting.resolve();
    await Promise.all(adding);
    await catalogue.add({ uri, id: "e" }, signal);
  });

  it("is seen by other orchestrators within half a minute, and goes again", async () => {
    const store = await testStore();
    const here = await start({ store });
    const there = await start({ store });
    let changes = 0;
    there.catalogue.notify(() => {
      changes += 1;
    });
    await here.catalogue.add({ uri }, signal);
    await here.catalogue.pin("mine", { replicas: 2, labels: { room: "lab" } });
    expect(there.catalogue.find("mine")).toBeUndefined();
    there.clock.advance(30_000);
    await there.background.idle();
    expect(there.catalogue.find("mine")?.entry.id).toBe("mine");
    expect(there.catalogue.pinOf("mine")).toEqual({ replicas: 2, labels: { room: "lab" } });
    expect(changes).toBe(1);
    await here.catalogue.remove("mine");
    there.clock.advance(30_000);
    await there.background.idle();
    expect(there.catalogue.find("mine")).toBeUndefined();
    expect(there.catalogue.pinOf("mine")).toBeUndefined();
    there.catalogue.stop();
  });

  it("that two add at once is added once", async () => {
    const store = await testStore();
    const here = await start({ store });
    const there = await start({ store });
    const outcomes = await Promise.allSettled([
      here.catalogue.add({ uri }, signal),
      there.catalogue.add({ uri }, signal),
    ]);
    expect(outcomes.map(({ status }) => status).sort()).toEqual(["fulfilled", "rejected"]);
  });
});

describe("a record that is damaged", () => {
  it("is left out, and takes neither the others nor the orchestrator along", async () => {
    const store = await testStore();
    const here = await start({ store });
    const { entry } = await here.catalogue.add({ uri }, signal);
    await here.catalogue.pin("mine", { replicas: 2, labels: {} });
    const put = (key: string, value: unknown) =>
      store.put(key, Buffer.from(typeof value === "string" ? value : JSON.stringify(value)));
    const [variant] = entry.variants;
    const broken: unknown[] = [
      "",
      "not JSON",
      "null",
      [],
      {},
      { entry: null, addedAtMs: 1 },
      { entry: {}, addedAtMs: 1 },
      { entry: { ...entry, id: "../x" }, addedAtMs: 1 },
      { entry: { ...entry, variants: [] }, addedAtMs: 1 },
      { entry: { ...entry, variants: [{ ...variant, profile: { layers: 1 } }] }, addedAtMs: 1 },
      { entry: { ...entry, contextTokens: -1 }, addedAtMs: 1 },
      { entry: { ...entry, origin: "built-in" }, addedAtMs: 1 },
      { entry: { ...entry, rank: null }, addedAtMs: 1 },
    ];
    for (const [at, value] of broken.entries()) await put(`catalogue/models/a${at}.json`, value);
    await put("catalogue/pins/a.json", { model: "mine", replicas: "many", labels: 7 });
    await put("catalogue/files/a.json", {
      model: "gemma-4-e4b-it",
      variant: "q8_0",
      uri: "hf:x",
      profile: {},
    });
    const there = await start({ store });
    expect(there.catalogue.entries().filter(({ origin }) => origin === "added")).toEqual([entry]);
    expect(there.catalogue.pinOf("mine")).toEqual({ replicas: 2, labels: {} });
    await there.catalogue.add({ uri, id: "another" }, signal);
  });
});

describe("the built-in list", () => {
  it("stays: its models can be pinned by any of their names, and not removed", async () => {
    const { catalogue } = await start();
    await catalogue.pin("gemma4:e4b", { replicas: 1, labels: {} });
    expect(catalogue.pinOf("gemma-4-e4b-it")).toEqual({ replicas: 1, labels: {} });
    await catalogue.unpin("gemma-4-e4b-it");
    expect(catalogue.pinOf("gemma-4-e4b-it")).toBeUndefined();
    await expect(catalogue.remove("gemma-4-e4b-it")).rejects.toMatchObject({ code: "invalid_request" });
    await expect(catalogue.remove("nothing")).rejects.toMatchObject({ code: "not_found" });
  });

  it("takes no pin that cannot be", async () => {
    const { catalogue } = await start();
    const pin = (replicas: number, labels = {}) => catalogue.pin("gemma-4-e4b-it", { replicas, labels });
    for (const bad of [pin(0), pin(1.5), pin(65), pin(1, { "a b": "c" }), pin(1, { a: "x\ty" })])
      await expect(bad).rejects.toMatchObject({ code: "invalid_request" });
  });

  it("is believed until a file is read, once for all orchestrators", async () => {
    const store = await testStore();
    const { inspector, asked } = seenAs();
    const { catalogue } = await start({ store, inspector });
    const listed = catalogue.find("gemma-4-e4b-it:q8_0")?.variant;
    expect(listed?.sha256).toBeUndefined();
    const confirmed = await catalogue.confirm("gemma-4-e4b-it", "q8_0", signal);
    expect(asked).toEqual([listed?.uri]);
    expect(confirmed).toMatchObject({ bytes: content.length, sha256: "ab", profile: { layers: 6 } });
    expect(catalogue.find("gemma-4-e4b-it:q8_0")?.variant).toEqual(confirmed);
    const there = await start({ store, inspector });
    expect(await there.catalogue.confirm("gemma-4-e4b-it", "q8_0", signal)).toEqual(confirmed);
    expect(asked).toHaveLength(1);
    await expect(catalogue.confirm("gemma-4-e4b-it", "q2_k", signal)).rejects.toThrow(/It has: q8_0/);
  });

  it("does where the store is away", async () => {
    const store = await testStore();
    const away: ObjectStore = Object.create(store, {
      list: {
        value: () => {
          throw new MusterError("store_unavailable", "The store is away.");
        },
      },
    });
    const { catalogue } = await start({ store: away });
    expect(catalogue.find("gemma-4-e4b-it")?.entry.id).toBe("gemma-4-e4b-it");
    await expect(catalogue.add({ uri }, signal)).rejects.toMatchObject({ code: "store_unavailable" });
  });
});
