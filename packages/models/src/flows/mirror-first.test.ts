import { ManualClock, MusterError, silentLog } from "@muster/base";
import { describe, expect, it } from "vitest";
import type { LocatedFile, ModelOrigin, WantedFile } from "../ports/model-origin.ts";
import { createMirrorFirst, type MirrorFirstDeps } from "./mirror-first.ts";

const file: WantedFile = {
  uri: { kind: "http", url: "https://models.example/a.gguf?key=secret" },
  source: "https://models.example/a.gguf?key=secret",
  sha256: undefined,
  bytes: undefined,
};
const { signal } = new AbortController();
const target = { target: "/a", signal, onProgress() {}, inspect: async () => {} };

/** An origin that gives files named for it, unless it fails. */
function origin(name: string) {
  const state: { failure: Error | undefined; fetchFailure: Error | undefined; asked: number } = {
    ...{ failure: undefined, fetchFailure: undefined, asked: 0 },
  };
  const port: ModelOrigin = {
    async locate(): Promise<LocatedFile> {
      state.asked += 1;
      if (state.failure !== undefined) throw state.failure;
      return {
        ...{ sha256: undefined, bytes: undefined, commit: name },
        async fetch() {
          if (state.fetchFailure !== undefined) throw state.fetchFailure;
          return { bytes: 1, sha256: name };
        },
      };
    },
  };
  return { state, port };
}

function both(over: Partial<MirrorFirstDeps> = {}) {
  const [mirror, hub, clock] = [origin("mirror"), origin("hub"), new ManualClock()];
  const found = createMirrorFirst({
    ...{ mirror: mirror.port, hub: hub.port, policy: "mirror-first", hasMirror: () => undefined },
    ...{ clock, log: silentLog },
    ...over,
  });
  const get = async () => (await (await found.locate(file, signal)).fetch(target)).sha256;
  return { mirror: mirror.state, hub: hub.state, clock, get };
}

const broken = new MusterError("model_load_failed", "broken");

describe("mirror first", () => {
  it("takes from the mirror what it has, and does not ask the hub", async () => {
    const { hub, get } = both();
    expect(await get()).toBe("mirror");
    expect(hub.asked).toBe(0);
  });

  it("takes from the hub what the mirror does not offer, and goes on asking the mirror for others", async () => {
    const { mirror, get } = both();
    mirror.failure = new MusterError("not_found", "not here");
    for (let times = 0; times < 5; times++) expect(await get()).toBe("hub");
    expect(mirror.asked).toBe(5);
  });

  it("finishes at the hub what the mirror breaks off", async () => {
    const { mirror, get } = both();
    mirror.fetchFailure = broken;
    expect(await get()).toBe("hub");
  });

  it("leaves a mirror alone for a while that failed three times in a row", async () => {
    const { mirror, clock, get } = both();
    mirror.fetchFailure = broken;
    for (let times = 0; times < 5; times++) expect(await get()).toBe("hub");
    expect(mirror.asked).toBe(3);
    mirror.fetchFailure = undefined;
    clock.advance(5 * 60_000);
    expect(await get()).toBe("mirror");
  });

  it("asks no mirror where the orchestrator has none", async () => {
    const { mirror, get } = both({ hasMirror: () => false });
    expect(await get()).toBe("hub");
    expect(mirror.asked).toBe(0);
  });

  it("stops where it is told to stop", async () => {
    const { mirror, hub, get } = both();
    mirror.fetchFailure = new MusterError("cancelled", "stop");
    await expect(get()).rejects.toMatchObject({ code: "cancelled" });
    expect(hub.asked).toBe(0);
  });

  it("asks nobody else where the disk here is full", async () => {
    const { mirror, hub, get } = both();
    mirror.fetchFailure = new MusterError("store_full", "no place");
    for (let times = 0; times < 5; times++) await expect(get()).rejects.toMatchObject({ code: "store_full" });
    expect([mirror.asked, hub.asked]).toEqual([5, 0]);
  });

  it("asks nobody else where only the mirror may be asked", async () => {
    const { mirror, hub, get } = both({ policy: "mirror-only", hasMirror: () => false });
    expect(await get()).toBe("mirror");
    mirror.failure = new MusterError("not_found", "not here");
    await expect(get()).rejects.toThrow("not here");
    mirror.failure = undefined;
    mirror.fetchFailure = broken;
    await expect(get()).rejects.toThrow("broken");
    expect(hub.asked).toBe(0);
  });

  it("asks no mirror where it is told to go to the hub", async () => {
    const { mirror, get } = both({ policy: "direct" });
    expect(await get()).toBe("hub");
    expect(mirror.asked).toBe(0);
  });
});
