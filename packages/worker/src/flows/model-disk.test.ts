import {
  Background,
  type Deferred,
  deferred,
  type Inventory,
  ManualClock,
  MusterError,
  silentLog,
} from "@muster/base";
import type { ModelShelf, ModelStore, StoredModel } from "@muster/models";
import { describe, expect, it } from "vitest";
import type { WorkerSays } from "../core/link-messages.ts";
import { ModelDisk } from "./model-disk.ts";

type EnsureOptions = Parameters<ModelStore["ensure"]>[1];

interface Ensuring extends Deferred<StoredModel> {
  readonly uri: string;
  readonly options: EnsureOptions;
}

/** A worker's disk in memory; `said` waits for the next inventory. */
function start(loaded: readonly string[] = []) {
  const clock = new ManualClock();
  const background = new Background(silentLog);
  const files = new Map<string, number>();
  const touched: string[] = [];
  const ensuring: Ensuring[] = [];
  const store: ModelStore = {
    ensure: async (uri, options) => {
      const one = { ...deferred<StoredModel>(), uri, options };
      ensuring.push(one);
      options.signal.addEventListener("abort", () => one.reject(new MusterError("cancelled", "stop")));
      return await one.promise;
    },
  };
  const shelf = {
    files: async () =>
      [...files].map(([source, bytes]) => ({
        ...{
          source,
          path: source,
          bytes,
          sha256: "a".repeat(64),
          lastUsedMs: 5,
          isPinned: false,
          isHeld: false,
        },
      })),
    space: async () => ({ freeDiskBytes: 100, usedBytes: 0, budgetBytes: 50 }),
    remove: async (path: string) => (files.delete(path) ? "removed" : "missing"),
    touch: async (path: string) => void touched.push(path),
  } as Partial<ModelShelf> as ModelShelf;
  const said: Inventory[] = [];
  const waiting: (() => void)[] = [];
  const say = (message: WorkerSays) => {
    if (message.kind !== "inventory") return;
    said.push(message.inventory);
    for (const wake of waiting.splice(0)) wake();
  };
  const isLoaded = (source: string) => loaded.includes(source);
  const disk = new ModelDisk({ store, shelf, say, isLoaded, background, clock, log: silentLog });
  const until = async (holds: (inventory: Inventory) => boolean): Promise<Inventory> => {
    for (;;) {
      const latest = said.at(-1);
      if (latest !== undefined && holds(latest)) return latest;
      const next = new Promise<void>((resolve) => waiting.push(resolve));
      await new Promise((resolve) => setImmediate(resolve));
      clock.advance(1_000);
      await next;
    }
  };
  const settle = () => new Promise((resolve) => setImmediate(resolve));
  return { clock, files, touched, ensuring, said, disk, until, settle };
}

const uri = "hf:o/r/a.gguf@main";
const order = (modelUri: string) => ({ modelUri, sha256: "b".repeat(64), bytes: 10 });

describe("a worker's disk", () => {
  it("is told of at the start, and with each link", async () => {
    const { disk, files, until } = start();
    expect(disk.greeting()).toEqual([]);
    files.set(uri, 10);
    disk.start();
    const inventory = await until(() => true);
    expect(inventory).toEqual({
      models: [{ uri, bytes: 10, sha256: "a".repeat(64), lastUsedMs: 5 }],
      ...{ freeDiskBytes: 100, budgetBytes: 50, fetching: [] },
    });
    expect(disk.greeting()).toEqual([{ kind: "inventory", inventory }]);
    disk.close();
  });

  it("gets a model as ordered, and tells how far it is", async () => {
    const { disk, ensuring, files, until, settle } = start();
    disk.fetch(order(uri));
    disk.fetch(order(uri));
    await settle();
    expect(ensuring).toHaveLength(1);
    expect(disk.isFetching(uri)).toBe(true);
    expect(ensuring[0]).toMatchObject({ uri, options: { expected: { sha256: "b".repeat(64), bytes: 10 } } });
    ensuring[0]?.options.onProgress({ doneBytes: 4, totalBytes: 10 });
    await until(({ fetching }) => fetching?.[0]?.doneBytes === 4);
    files.set(uri, 10);
    ensuring[0]?.resolve({ path: "/a", bytes: 10, sha256: undefined });
    await until(({ models, fetching }) => models.length === 1 && fetching?.length === 0);
    expect(disk.isFetching(uri)).toBe(false);
    disk.close();
  });

  it("tells why a model cannot be had, and tries again when it is ordered again", async () => {
    const { disk, ensuring, until, settle } = start();
    disk.fetch(order(uri));
    await settle();
    ensuring[0]?.reject(new MusterError("model_load_failed", "The hub has no such file."));
    await until(({ fetching }) => fetching?.[0]?.problem === "The hub has no such file.");
    disk.fetch(order(uri));
    await settle();
    expect(ensuring).toHaveLength(2);
    disk.close();
  });

  it("gets a bounded number of models at once, the others in their turn", async () => {
    const { disk, ensuring, settle } = start();
    for (let at = 0; at < 6; at++) disk.fetch(order(`hf:o/r/${at}.gguf`));
    await settle();
    expect(ensuring).toHaveLength(4);
    ensuring[0]?.resolve({ path: "/a", bytes: 1, sha256: undefined });
    await settle();
    expect(ensuring.map((each) => each.uri)).toContain("hf:o/r/4.gguf");
    expect(ensuring).toHaveLength(5);
    disk.close();
  });

  it.each(["stub:x", "/models/a.gguf", "nonsense:"])("does not fetch %s", async (other) => {
    const { disk, ensuring, settle } = start();
    disk.fetch(order(other));
    await settle();
    expect(ensuring).toEqual([]);
    disk.close();
  });

  it("forgets a model as ordered, also one on its way, and never one that is loaded", async () => {
    const { disk, ensuring, files, settle } = start(["hf:o/r/loaded.gguf@main"]);
    files.set(uri, 10).set("hf:o/r/loaded.gguf@main", 10);
    await disk.forget("hf:o/r/a.gguf");
    await disk.forget("hf:o/r/loaded.gguf");
    expect([...files.keys()]).toEqual(["hf:o/r/loaded.gguf@main"]);
    disk.fetch(order(uri));
    await settle();
    await disk.forget(uri);
    await settle();
    expect(ensuring[0]?.options.signal.aborted).toBe(true);
    expect(disk.isFetching(uri)).toBe(false);
    disk.close();
  });

  it("gets a model that is ordered again while it is being forgotten", async () => {
    const { disk, ensuring, until, settle } = start();
    disk.fetch(order(uri));
    await settle();
    void disk.forget(uri);
    disk.fetch(order(uri));
    await settle();
    expect(ensuring).toHaveLength(2);
    expect(ensuring[0]?.options.signal.aborted).toBe(true);
    expect(ensuring[1]?.options.signal.aborted).toBe(false);
    await until(({ fetching }) => fetching?.[0]?.uri === uri);
    disk.close();
  });

  it("notes now and then what is in use, for others that share the directory", async () => {
    const { disk, clock, files, touched, settle } = start([uri]);
    files.set(uri, 10).set("hf:o/r/b.gguf@main", 10);
    disk.start();
    await settle();
    clock.advance(5 * 60_000);
    await settle();
    expect(touched).toEqual([uri]);
    disk.close();
  });
});
