import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { readGgufFile, readGgufHeader } from "@muster/models";
import { describe, expect, it } from "vitest";
import { chat, eventually, model, startCluster, temporaryDirectory } from "../../harness/cluster.ts";
import { createRandom } from "../../harness/random.ts";
import { tinyModel } from "../../support/tiny-model.ts";

/** Change it to look for more; a failure names the mutant. */
const seed = 20_261_129;
const mutants = 2_000;
/** Of those that the engine is given: each costs the start of a process. */
const loaded = 48;

const edges = [
  0n,
  1n,
  0x7fn,
  0xffffn,
  0x7fff_ffffn,
  0xffff_ffffn,
  2n ** 53n,
  2n ** 63n - 1n,
  2n ** 63n,
  2n ** 64n - 1n,
];

/** The file with one to four injuries in its header, the same for the same number. */
function mutant(file: Uint8Array, headerBytes: number, number: number): Uint8Array {
  const { below } = createRandom(seed + number);
  let bytes = Uint8Array.from(file);
  for (let injuries = 1 + below(4); injuries > 0; injuries--) {
    // The first bytes have the counts, and the metadata that decides most: as often as all the rest.
    const at = below(Math.min(below(2) === 0 ? 2_048 : headerBytes, bytes.length) - 8);
    const view = new DataView(bytes.buffer);
    switch (below(6)) {
      case 0:
        bytes[at] = below(256);
        break;
      case 1:
        view.setBigUint64(at, edges[below(edges.length)] ?? 0n, true);
        break;
      case 2:
        view.setUint32(at, below(20), true);
        break;
      case 3:
        bytes = bytes.slice(0, at + below(file.length - at));
        break;
      case 4:
        bytes.copyWithin(at, below(headerBytes), below(headerBytes));
        break;
      default:
        view.setBigUint64(at, view.getBigUint64(at, true) + BigInt(below(3)) - 1n, true);
    }
    if (bytes.length < 4_096) break;
  }
  return bytes;
}

async function original(): Promise<{ readonly file: Uint8Array; readonly headerBytes: number }> {
  const file = await readFile(await tinyModel());
  const result = readGgufHeader(file);
  if (result.kind !== "header") throw new Error("the tiny model has no header");
  return { file, headerBytes: result.header.minimumFileBytes - result.header.tensors.allBytes };
}

describe("GGUF header bounds checked", () => {
  it(`${mutants} injured headers of seed ${seed} are read or refused, in bounded time and memory`, async () => {
    const { file, headerBytes } = await original();
    const kinds = { header: 0, "need-more": 0, invalid: 0 };
    const before = process.memoryUsage().rss;
    for (let number = 0; number < mutants; number++) {
      const started = process.cpuUsage();
      const bytes = mutant(file, headerBytes, number);
      const result = readGgufHeader(bytes);
      kinds[result.kind] += 1;
      expect(process.cpuUsage(started).user, `mutant ${number}`).toBeLessThan(2_000_000);
      if (result.kind !== "header") continue;
      const { minimumFileBytes, tensorCount, metadata } = result.header;
      expect(Number.isSafeInteger(minimumFileBytes), `mutant ${number}`).toBe(true);
      expect(tensorCount).toBeLessThanOrEqual(65_536);
      expect(metadata.size).toBeLessThanOrEqual(65_536);
    }
    // All three happen, or the injuries are no test.
    for (const count of Object.values(kinds)) expect(count).toBeGreaterThan(20);
    expect(process.memoryUsage().rss - before).toBeLessThan(600 * 2 ** 20);
  });

  it("what lies beyond the end of the file is not a tensor", async () => {
    const { file } = await original();
    const path = join(await temporaryDirectory(), "short.gguf");
    await writeFile(path, file.subarray(0, file.length - 64));
    await expect(readGgufFile(path)).rejects.toMatchObject({
      code: "model_load_failed",
      message: expect.stringContaining("cut short"),
    });
  });

  it(`${loaded} injured models end in their own process, and the worker goes on answering`, async () => {
    const { file, headerBytes } = await original();
    const directory = await temporaryDirectory();
    const cluster = await startCluster();
    await cluster.worker("desk", {
      models: [{ uri: await tinyModel(), name: model }],
      engine: "node-llama-cpp",
      gpu: "off",
      ...{ slots: 2, threads: 1, contextTokens: 512 },
      dataDirectory: await temporaryDirectory(),
      allowPaths: [directory],
    });
    const [desk] = await cluster.workers();
    const replicas = `/cluster/v1/workers/${desk?.id}/replicas`;
    const replica = async (id: string) => (await cluster.workers())[0]?.replicas.find((one) => one.id === id);
    const states: Record<string, number> = {};

    const load = async (number: number) => {
      const path = join(directory, `mutant-${number}.gguf`);
      await writeFile(path, mutant(file, headerBytes, number));
      const ordered = await cluster.post(replicas, { model_uri: path, slots: 1, context_tokens: 256 });
      const { id } = (await ordered.json()) as { id: string };
      let state = "";
      let error: string | null = null;
      await eventually(async () => {
        ({ state = "", error = null } = (await replica(id)) ?? {});
        return ["failed", "crashed", "ready"].includes(state);
      }, 20_000).catch(() => {
        // A few keep the library busy for ever: they are let go like the others.
      });
      states[state] = (states[state] ?? 0) + 1;
      // A sentence, whatever happened.
      if (state === "failed" || state === "crashed") expect(error, `mutant ${number}`).toMatch(/\w+ \w+ \w+/);
      await fetch(`${cluster.url}${replicas}/${id}`, { method: "DELETE" });
      await eventually(async () => (await replica(id)) === undefined, 20_000);
    };
    const answer = async () =>
      expect((await cluster.post("/v1/chat/completions", chat("hello", { max_tokens: 4 }))).status).toBe(200);

    for (let number = 0; number < loaded; number += 4) {
      const four = [0, 1, 2, 3].map((more) => load(number + more));
      await Promise.all([...four, answer()]);
    }
    expect(states["failed"]).toBeGreaterThan(loaded / 4);
    await answer();
  }, 300_000);
});
