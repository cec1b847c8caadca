import { ManualClock, MusterError } from "@muster/base";
import { beforeEach, describe, expect, it } from "vitest";
import { sha256 } from "../../adapters/common/sha256.ts";
import { objectKeys } from "../../core/batches/keys.ts";
import { type CachedResult, ResultCache } from "./result-cache.ts";
import { MemoryObjectStore } from "./store.fixture.ts";

const dayMs = 86_400_000;
const result: CachedResult = {
  body: { id: "chatcmpl-1", choices: [{ message: { content: "Grüße 🙂" } }] },
  usage: { promptTokens: 3, cachedTokens: 0, completionTokens: 2, reasoningTokens: 0 },
};
const line = {
  endpoint: "/v1/chat/completions",
  model: "m",
  body: { model: "m", temperature: 0, messages: [{ role: "user", content: "hi" }] },
} as const;

describe("the result cache", () => {
  let store: MemoryObjectStore;
  let clock: ManualClock;
  let cache: ResultCache;
  beforeEach(() => {
    store = new MemoryObjectStore();
    clock = new ManualClock();
    cache = new ResultCache({ store, clock, digest: sha256 });
  });
  const onlyKey = () => [...store.objects.keys()][0] ?? "";

  it("gives what was put, to the same tenant", async () => {
    const digest = cache.digestOf(line);
    expect(await cache.get("design", digest)).toBeUndefined();
    await cache.put("design", digest, result);
    expect(await cache.get("design", digest)).toEqual(result);
    expect(await cache.get("lab", digest)).toBeUndefined();
    expect(onlyKey()).toBe(objectKeys.cachedResult("design", digest));
  });

  it("tells lines apart by all that changes an answer, and by nothing else", () => {
    const { model, temperature, messages } = line.body;
    const same = cache.digestOf({ ...line, body: { messages, temperature, model } });
    expect(same).toBe(cache.digestOf(line));
    const others = [
      { ...line, body: { ...line.body, temperature: 0.1 } },
      { ...line, body: { ...line.body, messages: [{ role: "user", content: "hi " }] } },
      { ...line, model: "n" },
      { ...line, endpoint: "/v1/responses" as const },
      { ...line, modelSha256: "aa" },
      { ...line, modelSha256: "bb" },
    ].map((other) => cache.digestOf(other));
    expect(new Set([same, ...others]).size).toBe(others.length + 1);
  });

  it("gives nothing that is damaged", async () => {
    const digest = cache.digestOf(line);
    await cache.put("design", digest, result);
    const whole = store.objects.get(onlyKey()) ?? new Uint8Array();
    expect(whole.length).toBeGreaterThan(100);
    for (let at = 0; at < whole.length; at++) {
      const flipped = whole.slice();
      flipped[at] = (flipped[at] ?? 0) ^ 1;
      store.objects.set(onlyKey(), flipped);
      const found = await cache.get("design", digest);
      // A flipped bit of the time it was stored does no harm.
      if (found !== undefined) expect(found).toEqual(result);
      store.objects.set(onlyKey(), whole.subarray(0, at));
      expect(await cache.get("design", digest)).toBeUndefined();
    }
  });

  it("gives nothing that is older than 30 days, and sweeps it", async () => {
    const digest = cache.digestOf(line);
    await cache.put("design", digest, result);
    await store.put(objectKeys.tenantFile("design", "file-1"), new Uint8Array());
    clock.advance(30 * dayMs);
    expect(await cache.get("design", digest)).toEqual(result);
    await cache.sweep(clock.wallMs());
    expect(store.objects.size).toBe(2);
    clock.advance(1);
    expect(await cache.get("design", digest)).toBeUndefined();
    await cache.sweep(clock.wallMs());
    expect([...store.objects.keys()]).toEqual([objectKeys.tenantFile("design", "file-1")]);
  });

  it("is a miss where the store fails, and hides no other error", async () => {
    const digest = cache.digestOf(line);
    let code: "store_unavailable" | "internal" = "store_unavailable";
    const fail = async () => {
      throw new MusterError(code, "No.");
    };
    store.get = fail;
    store.put = fail;
    expect(await cache.get("design", digest)).toBeUndefined();
    await cache.put("design", digest, result);
    code = "internal";
    await expect(cache.get("design", digest)).rejects.toThrow("No.");
    await expect(cache.put("design", digest, result)).rejects.toThrow("No.");
  });
});
