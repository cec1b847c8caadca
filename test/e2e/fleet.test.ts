import { copyFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { builtInCatalogue, findModel, type ModelEntry } from "@muster/models";
import { describe, expect, it } from "vitest";
import {
  eventually,
  readStream,
  startCluster,
  type TestCluster,
  temporaryDirectory,
} from "../harness/cluster.ts";
import { builtInModelPath } from "../support/built-in-model.ts";

/** Memory for one replica of the tiny model, and not for two. */
const roomForOne = 200_000_000;

/** Two models of one family that are files of their own: the tiny model, twice. */
async function twoModels(): Promise<{
  readonly catalogue: readonly ModelEntry[];
  readonly directory: string;
}> {
  const directory = await temporaryDirectory();
  const tiny = findModel(builtInCatalogue, "tiny-gemma")?.entry;
  const variant = tiny?.variants[0];
  if (tiny === undefined || variant === undefined) throw new Error("the catalogue has no tiny model");
  const entry = async (id: string, rank: number): Promise<ModelEntry> => {
    const path = join(directory, `${id}.gguf`);
    await copyFile(builtInModelPath, path);
    return {
      ...tiny,
      id,
      title: id,
      family: "pair",
      rank,
      aliases: [],
      variants: [{ ...variant, uri: path }],
    };
  };
  return { catalogue: [await entry("small", 1), await entry("large", 2)], directory };
}

/** A real engine on one thread, that loads what it is told to. */
function desk(
  cluster: TestCluster,
  name: string,
  args: readonly string[] = [],
  env: Record<string, string> = {},
) {
  return cluster.workerProcess(name, {
    isManaged: true,
    args: ["--threads", "1", ...args],
    env: { MUSTER_MAX_RAM: String(roomForOne), MUSTER_RAM_RESERVE: "0", MUSTER_ALLOW_PATHS: "*", ...env },
  });
}

const ask = (model: string, content = "What is the capital of Norway?", more = {}) => ({
  ...{ model, messages: [{ role: "user", content }], temperature: 0 },
  ...more,
});

async function loaded(cluster: TestCluster): Promise<string[]> {
  const workers = await cluster.workers();
  return workers
    .flatMap(({ name, replicas }) =>
      replicas.filter(({ state }) => state === "ready").map(({ model }) => `${model} on ${name}`),
    )
    .sort();
}

describe("models by name, on real engines", () => {
  it("are loaded when somebody asks, who hears of it in comments; then sent away for others", async () => {
    const { catalogue } = await twoModels();
    const cluster = await startCluster({ catalogue });
    await desk(cluster, "desk-1");

    const models = (await (await fetch(`${cluster.url}/v1/models`)).json()) as { data: { id: string }[] };
    expect(models.data.map(({ id }) => id)).toEqual(
      expect.arrayContaining(["small", "large", "pair", "auto"]),
    );

    const cold = await cluster.post("/v1/chat/completions", ask("small", undefined, { stream: true }));
    const bytes = await cold.clone().text();
    expect(bytes).toMatch(/^: (ordering|fetching|loading|checking) small/);
    const answer = await readStream(cold);
    expect(answer.text).toContain("Oslo");
    expect(await loaded(cluster)).toEqual(["small on desk-1"]);

    // There is no room for both: what nobody asks for any more makes place.
    const other = await cluster.post("/v1/chat/completions", ask("large"));
    expect(other.status).toBe(200);
    expect(other.headers.get("x-muster-model")).toBe("large");
    expect(other.headers.get("x-muster-variant")).toBe("q8_0");
    expect(other.headers.get("x-muster-worker")).toBe("desk-1");
    const body = (await other.json()) as { model: string; system_fingerprint: string };
    expect(body).toMatchObject({ model: "large", system_fingerprint: expect.stringContaining("desk-1") });
    expect(await loaded(cluster)).toEqual(["large on desk-1"]);

    // A file that is named is that file, under its own name.
    const file = await cluster.post("/v1/chat/completions", ask("small:q8_0"));
    expect(file.status).toBe(200);
    expect(file.headers.get("x-muster-model")).toBe("small:q8_0");
    expect(await loaded(cluster)).toEqual(["small:q8_0 on desk-1"]);

    // A family is whichever of its members is there.
    const family = await cluster.post("/v1/chat/completions", ask("pair"));
    expect(family.headers.get("x-muster-model")).toBe("small:q8_0");
  });

  it("stay where they are pinned, and come back when their machine does", async () => {
    const { catalogue } = await twoModels();
    const cluster = await startCluster({ catalogue });
    const first = await desk(cluster, "desk-1");
    const pinned = await fetch(`${cluster.url}/cluster/v1/models/small/pin`, {
      method: "PUT",
      headers: { "content-type": "application/json" },
      body: JSON.stringify({ replicas: 1 }),
    });
    expect(pinned.status).toBe(200);
    await eventually(async () => (await loaded(cluster)).includes("small on desk-1"));

    const plan = (await (await fetch(`${cluster.url}/cluster/v1/models/plan?model=large`)).json()) as {
      data: { fits: { worker: string; device: string }[] }[];
    };
    expect(plan.data[0]?.fits).toMatchObject([{ worker: "desk-1", device: "cpu" }]);
    const full = await cluster.post("/v1/chat/completions", ask("large", undefined, { deadline_ms: 2_000 }));
    expect(full.status).toBeGreaterThanOrEqual(500);
    expect(await loaded(cluster)).toEqual(["small on desk-1"]);

    first.kill("SIGKILL");
    await desk(cluster, "desk-2");
    await eventually(async () => (await loaded(cluster)).includes("small on desk-2"));
  });

  it("move to another machine when theirs is drained", async () => {
    const { catalogue } = await twoModels();
    const cluster = await startCluster({ catalogue });
    await desk(cluster, "desk-1");
    expect((await cluster.post("/v1/chat/completions", ask("small"))).status).toBe(200);
    await desk(cluster, "desk-2");
    const [one] = (await cluster.workers()).filter(({ name }) => name === "desk-1");
    expect((await cluster.post(`/cluster/v1/workers/${one?.id}/drain`, {})).status).toBe(202);
    const answer = await cluster.post("/v1/chat/completions", ask("small"));
    expect(answer.status).toBe(200);
    expect(answer.headers.get("x-muster-worker")).toBe("desk-2");
  });

  it("leave a machine whose owner comes back, and return with its leave", async () => {
    const { catalogue, directory } = await twoModels();
    const presence = join(directory, "presence.json");
    const away = { idleMs: 3_600_000, isFullScreen: false, isOnAcPower: true, isGpuUsedByOthers: false };
    await writeFile(presence, JSON.stringify(away));
    const cluster = await startCluster({ catalogue });
    await desk(cluster, "desk-1", ["--lend", "owner-away", "--idle-minutes", "1"], {
      MUSTER_PRESENCE_FILE: presence,
    });
    expect((await cluster.post("/v1/chat/completions", ask("small"))).status).toBe(200);

    await writeFile(presence, JSON.stringify({ ...away, idleMs: 0 }));
    await eventually(async () => (await cluster.workers())[0]?.state === "away");
    await eventually(async () => (await loaded(cluster)).length === 0, 8_000);
    const nobody = await cluster.post(
      "/v1/chat/completions",
      ask("small", undefined, { deadline_ms: 1_500 }),
    );
    expect(nobody.status).toBeGreaterThanOrEqual(500);

    await writeFile(presence, JSON.stringify(away));
    await eventually(async () => (await cluster.workers())[0]?.state !== "away");
    const back = await cluster.post("/v1/chat/completions", ask("small"));
    expect(back.status).toBe(200);
    expect(
      ((await back.json()) as { choices: { message: { content: string } }[] }).choices[0]?.message.content,
    ).toContain("Oslo");
  });
});

describe("two orchestrators on one Redis", () => {
  it("load a model where a worker is, for a client of the one that has none; and hear of it meanwhile", async () => {
    const { catalogue } = await twoModels();
    const redisPrefix = `fleet-pair-${process.pid}-${Math.random().toString(36).slice(2)}`;
    const back = await startCluster({ redisPrefix, catalogue });
    const front = await startCluster({ redisPrefix, catalogue });
    await desk(back, "desk-1");
    // Until the second has said what it could load, the first knows of nobody.
    await eventually(async () => {
      const { data } = (await (await fetch(`${front.url}/v1/models`)).json()) as { data: { id: string }[] };
      return data.some(({ id }) => id === "small");
    });

    const cold = await front.post("/v1/chat/completions", ask("small", undefined, { stream: true }));
    const second = front.post("/v1/chat/completions", ask("small", "What is the capital of France?"));
    const answer = await readStream(cold);
    expect(answer.error).toBeUndefined();
    expect(answer.text).toContain("Oslo");
    expect(await loaded(back)).toEqual(["small on desk-1"]);
    expect(await loaded(front)).toEqual([]);
    const other = await second;
    expect(other.status).toBe(200);
    expect(other.headers.get("x-muster-worker")).toBe("desk-1");

    // It makes room for another that only a client of the first asks for.
    const large = await front.post("/v1/chat/completions", ask("large"));
    expect(large.status).toBe(200);
    expect(await loaded(back)).toEqual(["large on desk-1"]);
  });
});
