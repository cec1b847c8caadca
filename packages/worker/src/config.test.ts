import { describe, expect, it } from "vitest";
import { loadWorkerConfig } from "./config.ts";

describe("loadWorkerConfig", () => {
  it("reads what another server's engine needs, flags before the environment", () => {
    const env = {
      MUSTER_ENGINE: "llama-server",
      MUSTER_LLAMA_SERVER: "/opt/llama-server",
      MUSTER_MMPROJ: "eyes.gguf",
      MUSTER_DRAFT: "small.gguf",
      MUSTER_ENGINE_ARGS: "--lora 'a b.gguf'",
      MUSTER_CAPABILITIES: "+audio",
      MUSTER_UPSTREAM_KEY: "sk-1",
      MUSTER_UPSTREAM_SILENCE_SECONDS: "20",
    };
    expect(loadWorkerConfig({ draft: "smaller.gguf", capabilities: "-tools" }, env)).toMatchObject({
      engine: "llama-server",
      llamaServer: "/opt/llama-server",
      mmproj: "eyes.gguf",
      draft: "smaller.gguf",
      engineArgs: ["--lora", "a b.gguf"],
      capabilities: { instead: undefined, added: [], removed: ["tools"] },
      upstreamKey: "sk-1",
      upstreamSilenceMs: 20_000,
    });
    expect(loadWorkerConfig({}, {})).toMatchObject({
      engine: "node-llama-cpp",
      engineArgs: [],
      capabilities: undefined,
      upstreamSilenceMs: 300_000,
    });
  });

  it("lets models be fetched from hosts that are named, those of the owner's own models among them", () => {
    const models = ["http://127.0.0.1:8000/a.gguf", "https://models.example/b.gguf", "hf:o/r/c.gguf"];
    const offers = models.map((uri) => ({ uri, name: undefined }));
    const env = { MUSTER_FETCH_HOSTS: "10.0.0.7:8080, *.example.org" };
    expect(loadWorkerConfig({ models: offers }, env).fetchHosts).toEqual([
      ...["10.0.0.7:8080", "*.example.org", "127.0.0.1:8000", "models.example"],
    ]);
    expect(loadWorkerConfig({}, {}).fetchHosts).toEqual([]);
  });

  it("reads which GPUs are lent, and how much memory", () => {
    const env = {
      MUSTER_GPUS: "0, 2,0",
      MUSTER_VRAM_RESERVE: "2GB",
      MUSTER_RAM_RESERVE: "0",
      MUSTER_MAX_VRAM: "12GiB",
      MUSTER_MAX_RAM: "512MB",
    };
    expect(loadWorkerConfig({}, env)).toMatchObject({
      gpus: [0, 2],
      vramReserveBytes: 2_000_000_000,
      ramReserveBytes: 0,
      maxVramBytes: 12 * 1024 ** 3,
      maxRamBytes: 512_000_000,
    });
    expect(loadWorkerConfig({}, {})).toMatchObject({ gpus: undefined, maxVramBytes: undefined });
  });

  it.each([
    ["MUSTER_GPUS", "all"],
    ["MUSTER_GPUS", "0,-1"],
    ["MUSTER_GPUS", "0,,1"],
    ["MUSTER_VRAM_RESERVE", "10%"],
  ])("refuses %s=%s", (param, value) => {
    expect(() => loadWorkerConfig({}, { [param]: value })).toThrow(
      expect.objectContaining({ code: "invalid_request", param }),
    );
  });

  it.each([
    [{ mmproj: "a.gguf" }, "--mmproj"],
    [{ draft: "a.gguf" }, "--draft"],
    [{ engineArgs: "-fa on" }, "--engine-args"],
    [{ engineArgs: "'-fa" }, "--engine-args"],
    [{ capabilities: "telepathy" }, "--capabilities"],
  ])("refuses %j, which would do nothing", (overrides, param) => {
    expect(() => loadWorkerConfig(overrides, {})).toThrow(
      expect.objectContaining({ code: "invalid_request", param }),
    );
  });

  it("fetches from the mirror first, and keeps to a budget that people can write", () => {
    expect(loadWorkerConfig({}, {})).toMatchObject({
      fetchPolicy: "mirror-first",
      modelDiskBytes: undefined,
    });
    const env = { MUSTER_FETCH: "direct", MUSTER_MODEL_DISK_BYTES: "200GB" };
    expect(loadWorkerConfig({}, env)).toMatchObject({
      fetchPolicy: "direct",
      modelDiskBytes: 200_000_000_000,
    });
    expect(() => loadWorkerConfig({}, { MUSTER_FETCH: "sometimes" })).toThrow(/MUSTER_FETCH/);
    expect(() => loadWorkerConfig({}, { MUSTER_MODEL_DISK_BYTES: "much" })).toThrow(
      /MUSTER_MODEL_DISK_BYTES/,
    );
  });
});
