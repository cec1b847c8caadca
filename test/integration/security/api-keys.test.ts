import { readFile, stat } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { createBatchApi } from "../../harness/batch-api.ts";
import { chatLine } from "../../harness/batch-lines.ts";
import {
  chat,
  eventually,
  model,
  startCluster,
  type TestCluster,
  temporaryDirectory,
} from "../../harness/cluster.ts";
import { keysOf, statusWith } from "../../harness/keys-api.ts";
import { everythingStored } from "../../support/everything-stored.ts";
import { testRedis } from "../../support/redis.ts";

const operator = "an-operator-key-0123456789";

async function errorOf(response: Response): Promise<{ code: string; message: string }> {
  return ((await response.json()) as { error: { code: string; message: string } }).error;
}

const ask = (cluster: TestCluster, key: string, body: unknown) =>
  cluster.post("/v1/chat/completions", body, { headers: { authorization: `Bearer ${key}` } });

describe("an API key", () => {
  it("is in no dump of Redis or of the disk, and its maker is told of it without it", async () => {
    const directory = await temporaryDirectory();
    const redisPrefix = `keys-dump-${process.pid}-${Math.random().toString(36).slice(2)}`;
    const cluster = await startCluster({ apiKeys: [operator], dataDirectory: directory, redisPrefix });
    await cluster.worker("desk");
    const api = keysOf(cluster.url, operator);
    const { key, id } = await api.create({ name: "ci", scopes: ["inference", "batch", "admin"] });
    const { key: second } = await api.rotate(id, 3_600);
    for (const each of [key, second])
      expect((await ask(cluster, each, chat("a b", { max_tokens: 2 }))).status).toBe(200);
    await createBatchApi({ url: () => cluster.url, key }).upload(chatLine(0, "a b"));
    await eventually(async () => (await api.get(id)).last_used_on !== null);
    const { url: redisUrl } = await testRedis();
    const stored = await everythingStored({ redisUrl, redisPrefix, directory });
    // The search finds what is there.
    expect(stored).toContain(id);
    expect(stored).toContain(redisPrefix);
    const secrets = [key, second].map((text) => text.slice(15, -6));
    for (const text of [key, second, operator, ...secrets])
      for (const part of [text, btoa(text)]) expect(stored).not.toContain(part);
    expect(JSON.stringify([await api.list(), await api.get(id)])).not.toContain(key.slice(15));
  });

  it("opens nothing once it has expired or was revoked, and says so to whoever has it", async () => {
    const cluster = await startCluster({ apiKeys: [operator] });
    const api = keysOf(cluster.url, operator);
    const soon = Math.ceil(Date.now() / 1_000) + 4;
    const short = await api.create({ name: "short", scopes: ["inference"], expires_at: soon });
    const long = await api.create({ name: "long", scopes: ["inference"] });
    expect(await statusWith(cluster.url, short.key)).toBe(200);
    await eventually(async () => (await statusWith(cluster.url, short.key)) === 401);
    expect((await errorOf(await ask(cluster, short.key, chat("a")))).message).toContain("has expired");
    expect(await statusWith(cluster.url, long.key)).toBe(200);
    await api.revoke(long.id);
    expect((await errorOf(await ask(cluster, long.key, chat("a")))).message).toContain("was revoked");
    const forged = `${long.key.slice(0, 15)}${short.key.slice(15)}`;
    for (const wrong of [long.key.slice(0, -1), forged])
      expect((await errorOf(await ask(cluster, wrong, chat("a")))).message).toContain("not whole");
    expect((await api.list()).map(({ name, state }) => [name, state])).toEqual([
      ["short", "expired"],
      ["long", "revoked"],
    ]);
    await expect(api.rotate(long.id, 60)).rejects.toThrow(/^400: .*is revoked/);
    await expect(api.create({ name: "past", scopes: ["read"], expires_at: 1 })).rejects.toThrow(/^400/);
  });

  it("counts on every orchestrator within seconds, and no more once one has revoked it", async () => {
    const objectStore = await temporaryDirectory();
    const [here, there] = [
      await startCluster({ apiKeys: [operator], objectStore }),
      await startCluster({ apiKeys: [operator], objectStore }),
    ];
    const api = keysOf(here.url, operator);
    const made = await api.create({ name: "ci", scopes: ["inference"] });
    await eventually(async () => (await statusWith(there.url, made.key)) === 200, 5_000);
    await api.revoke(made.id);
    expect(await statusWith(here.url, made.key)).toBe(401);
    await eventually(async () => (await statusWith(there.url, made.key)) === 401, 5_000);
  });

  it("may what it was changed to, on every orchestrator within seconds, and no more than its changer", async () => {
    const objectStore = await temporaryDirectory();
    const [here, there] = [
      await startCluster({ apiKeys: [operator], objectStore }),
      await startCluster({ apiKeys: [operator], objectStore }),
    ];
    const api = keysOf(here.url, operator);
    const limits = { requests_per_minute: 1_000, weight: 0.25 };
    const made = await api.create({ name: "ci", scopes: ["inference"], models: ["gemma-*"], limits });
    expect(made.limits).toMatchObject({ ...limits, tokens_per_month: null });
    const expires_at = Math.floor(Date.now() / 1_000) + 3_600;
    const more = { requests_per_minute: null, tokens_per_minute: 10, weight: 3 };
    const changed = await api.change(made.id, { limits: more, expires_at });
    expect(changed).toMatchObject({ limits: more, models: ["gemma-*"], expires_at });
    const isThere = async () =>
      (await keysOf(there.url, operator).list()).some((key) => key.expires_at === expires_at);
    await eventually(isThere, 5_000);
    // By the other one, which knows of the first change.
    await keysOf(there.url, operator).change(made.id, { models: null, expires_at: null, limits: null });
    await eventually(async () => (await api.get(made.id)).models === null, 5_000);
    expect(await api.get(made.id)).toMatchObject({ limits: { weight: null, tokens_per_minute: null } });
    expect(await statusWith(there.url, made.key)).toBe(200);

    const { key } = await api.create({ name: "deputy", scopes: ["admin"], models: ["gemma-*"] });
    const deputy = keysOf(here.url, key);
    await expect(deputy.change(made.id, { limits: { weight: 1 } })).rejects.toThrow(/^403/);
    await deputy.change(made.id, { models: ["gemma-4"], limits: { weight: 1 } });
    await expect(keysOf(here.url, made.key).change(made.id, { models: null })).rejects.toThrow(/^403/);
    for (const wrong of [{}, { scopes: ["admin"] }, { limits: { weight: 0 } }, { limits: { weight: 1_001 } }])
      await expect(api.change(made.id, wrong)).rejects.toThrow(/^400/);
    await expect(api.change(made.id, { expires_at: 1 })).rejects.toThrow(/^400.*past/);
    await expect(api.change("key_none", { limits: {} })).rejects.toThrow(/^404/);
    await api.revoke(made.id);
    await expect(api.change(made.id, { limits: {} })).rejects.toThrow(/^400.*revoked/);
  });

  it("has two texts while it is rotated, and one after that", async () => {
    const cluster = await startCluster({ apiKeys: [operator] });
    const api = keysOf(cluster.url, operator);
    const made = await api.create({ name: "ci", scopes: ["inference"] });
    const second = await api.rotate(made.id, 3_600);
    expect(second.secrets).toHaveLength(2);
    for (const { key } of [made, second]) expect(await statusWith(cluster.url, key)).toBe(200);
    const third = await api.rotate(made.id, 0);
    expect(third.secrets).toHaveLength(1);
    for (const { key } of [made, second]) expect(await statusWith(cluster.url, key)).toBe(401);
    expect(await statusWith(cluster.url, third.key)).toBe(200);
  });

  it("gives no rights that its maker lacks, and has a name of its own", async () => {
    const cluster = await startCluster({ apiKeys: [operator] });
    const api = keysOf(cluster.url, operator);
    const expires_at = Math.floor(Date.now() / 1_000) + 3_600;
    const limited = { scopes: ["admin"], models: ["gemma-*"], expires_at };
    const { key } = await api.create({ name: "deputy", ...limited });
    const deputy = keysOf(cluster.url, key);
    await expect(deputy.create({ name: "a", scopes: ["inference"], expires_at })).rejects.toThrow(/^403/);
    await expect(deputy.create({ name: "a", ...limited, models: ["*"] })).rejects.toThrow(/^403/);
    await expect(deputy.create({ name: "a", ...limited, expires_at: expires_at + 1 })).rejects.toThrow(
      /^403/,
    );
    const free = await api.create({ name: "free", scopes: ["inference"] });
    await expect(deputy.rotate(free.id, 0)).rejects.toThrow(/^403/);
    const given = await deputy.create({ name: "a", scopes: ["read"], models: ["gemma-4-*"], expires_at });
    expect((await api.get(given.id)).created_by).toBe((await api.list())[0]?.id);
    await expect(api.create({ name: "deputy", scopes: ["read"] })).rejects.toThrow(/^400: .*There is a key/);
    const plain = await api.create({ name: "plain", scopes: ["inference", "batch", "read", "metrics"] });
    await expect(keysOf(cluster.url, plain.key).list()).rejects.toThrow(/^403: .*"admin"/);
  });

  it.each([
    [{ name: "Upper", scopes: ["read"] }, "name"],
    [{ name: "ci", scopes: [] }, "scopes"],
    [{ name: "ci", scopes: ["all"] }, "scopes"],
    [{ name: "ci", scopes: ["read"], models: [""] }, "models"],
    [{ name: "ci", scopes: ["read"], models: [] }, "models"],
    [{ name: "ci", scopes: ["read"], limits: { requests_per_minute: 0 } }, "requests_per_minute"],
    [{ name: "ci", scopes: ["read"], limits: { requests: 1 } }, "limits"],
    [{ name: "ci", scopes: ["read"], expires_at: 9e12 }, "expires_at"],
    [{ name: "ci", scopes: ["read"], admin: true }, "body"],
  ])("is not made of %j", async (body, says) => {
    const cluster = await startCluster({ apiKeys: [operator] });
    await expect(keysOf(cluster.url, operator).create(body)).rejects.toThrow(new RegExp(`^400: .*${says}`));
    expect(await keysOf(cluster.url, operator).list()).toEqual([]);
  });
});

describe("the models of a key", () => {
  it("are all that it sees and gets, by whatever name it asks, and the same is said of what there is not", async () => {
    const cluster = await startCluster({ apiKeys: [operator] });
    await cluster.worker("desk");
    const api = keysOf(cluster.url, operator);
    const { key: gemma } = await api.create({ name: "gemma", scopes: ["inference"], models: ["gemma-*"] });
    const { key: stub } = await api.create({ name: "stub", scopes: ["inference"], models: ["stub-*"] });
    const listed = async (key: string) => {
      const headers = { authorization: `Bearer ${key}` };
      const { data } = (await (await fetch(`${cluster.url}/v1/models`, { headers })).json()) as {
        data: { id: string; members?: string[] }[];
      };
      return data;
    };
    expect((await listed(operator)).map(({ id }) => id)).toContain(model);
    expect((await listed(stub)).map(({ id }) => id)).toContain(model);
    expect(JSON.stringify(await listed(gemma))).not.toContain(model);
    expect((await ask(cluster, stub, chat("a", { max_tokens: 1 }))).status).toBe(200);
    const refused = await ask(cluster, gemma, chat("a"));
    expect(refused.status).toBe(403);
    const says = await errorOf(refused);
    expect(says.message).toContain("it is for gemma-*");
    const unknown = await errorOf(await ask(cluster, gemma, { ...chat("a"), model: "no-such-model" }));
    expect(unknown.message.replace("no-such-model", model)).toBe(says.message);
    const mine = await errorOf(await ask(cluster, gemma, { ...chat("a"), model: "gemma-none" }));
    expect(mine.code).toBe("model_not_found");
    expect(mine.message).not.toContain(model);
    // Whoever asks for any model gets one of theirs, or none.
    const auto = await ask(cluster, stub, { ...chat("a", { max_tokens: 1 }), model: "auto" });
    expect(((await auto.json()) as { model: string }).model).toBe(model);
    const other = await errorOf(await ask(cluster, gemma, { ...chat("a"), model: "auto" }));
    expect(other.message).not.toContain(model);
    for (const path of [`/v1/models/${model}`, "/v1/models/no-such-model"])
      expect(await statusWith(cluster.url, gemma, path)).toBe(404);
    for (const [path, body] of [
      ["/v1/responses", { model, input: "a" }],
      ["/v1/completions", { model, prompt: "a" }],
      ["/v1/embeddings", { model, input: "a" }],
      ["/v1/rerank", { model, query: "a", documents: ["b"] }],
      ["/v1/tokenize", { model, prompt: "a" }],
      ["/v1/messages", { model, max_tokens: 1, messages: [{ role: "user", content: "a" }] }],
      ["/v1/messages/count_tokens", { model, messages: [{ role: "user", content: "a" }] }],
    ] as const) {
      const response = await cluster.post(path, body, { headers: { authorization: `Bearer ${gemma}` } });
      expect({ path, status: response.status }).toEqual({ path, status: 403 });
    }
  });

  it("bind the lines of its batches too", async () => {
    const cluster = await startCluster({ apiKeys: [operator] });
    await cluster.worker("desk");
    const api = keysOf(cluster.url, operator);
    const batchesOf = async (name: string, models: string[]) => {
      const { key } = await api.create({ name, scopes: ["batch"], models });
      return createBatchApi({ url: () => cluster.url, key });
    };
    const gemma = await batchesOf("gemma", ["gemma-*"]);
    const stub = await batchesOf("stub", ["stub-model"]);
    const input = `${chatLine(0, "a b")}\n${chatLine(1, "c d")}\n`;
    const failed = await gemma.create((await gemma.upload(input)).id);
    const { errors } = await gemma.untilState(failed.id, "failed");
    expect(errors?.data.map(({ code, line }) => [code, line])).toEqual([
      ["forbidden", 1],
      ["forbidden", 2],
    ]);
    const good = await stub.create((await stub.upload(input)).id);
    await stub.untilState(good.id, "completed");
  });
});

describe("an orchestrator without keys", () => {
  it("that others can reach makes the operator's, for its owner alone, and keeps it", async () => {
    const directory = await temporaryDirectory();
    const exposed = { host: "0.0.0.0", fleetHost: "127.0.0.1", tls: { kind: "off" as const } };
    const first = await startCluster({ ...exposed, dataDirectory: directory });
    const path = join(directory, "trust", "admin.key");
    expect(first.orchestrator.operatorKeyFile).toBe(path);
    expect((await stat(path)).mode & 0o777).toBe(0o600);
    const key = (await readFile(path, "utf8")).trim();
    const url = first.url.replace("0.0.0.0", "127.0.0.1");
    expect((await fetch(`${url}/v1/models`)).status).toBe(401);
    expect(await statusWith(url, key, "/cluster/v1/keys")).toBe(200);
    const second = await startCluster({ ...exposed, dataDirectory: directory });
    expect(await statusWith(second.url.replace("0.0.0.0", "127.0.0.1"), key)).toBe(200);
    expect((await readFile(path, "utf8")).trim()).toBe(key);
  });

  it("is open to its own machine until the first key is made, and never again after that", async () => {
    const directory = await temporaryDirectory();
    const cluster = await startCluster({ dataDirectory: directory });
    expect(cluster.orchestrator.operatorKeyFile).toBeUndefined();
    const open = keysOf(cluster.url);
    expect(await open.list()).toEqual([]);
    const made = await open.create({ name: "ci", scopes: ["inference"] });
    expect((await fetch(`${cluster.url}/v1/models`)).status).toBe(401);
    expect(await statusWith(cluster.url, made.key)).toBe(200);
    const key = (await readFile(join(directory, "trust", "admin.key"), "utf8")).trim();
    await keysOf(cluster.url, key).revoke(made.id);
    expect((await fetch(`${cluster.url}/v1/models`)).status).toBe(401);
    const again = await startCluster({ dataDirectory: directory });
    expect((await fetch(`${again.url}/v1/models`)).status).toBe(401);
    expect(await statusWith(again.url, key)).toBe(200);
  });

  it("answers no proxy, which speaks for anybody", async () => {
    const cluster = await startCluster();
    for (const [name, value] of [
      ["forwarded", "for=10.0.0.1"],
      ["x-forwarded-for", "10.0.0.1"],
      ["x-forwarded-host", "muster.office"],
      ["x-forwarded-proto", "https"],
      ["x-real-ip", "10.0.0.1"],
      ["via", "1.1 proxy"],
    ] as const)
      expect((await fetch(`${cluster.url}/v1/models`, { headers: { [name]: value } })).status, name).toBe(
        403,
      );
  });
});
