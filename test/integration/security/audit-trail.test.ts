import { readdir, readFile, stat, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { createBatchApi } from "../../harness/batch-api.ts";
import { chatLine } from "../../harness/batch-lines.ts";
import { chat, startCluster, type TestCluster, temporaryDirectory } from "../../harness/cluster.ts";
import { keysOf, statusWith } from "../../harness/keys-api.ts";

const operator = "an-operator-key-0123456789";

interface RecordJson {
  readonly actor: string;
  readonly action: string;
  readonly target: string;
  readonly details: Record<string, unknown>;
}

interface ReportJson {
  readonly intact: boolean;
  readonly records: number;
  readonly faults: readonly { readonly seq: number; readonly kind: string; readonly says: string }[];
  readonly heads: readonly string[];
}

function auditOf({ url, post }: TestCluster) {
  return {
    async list(query = ""): Promise<RecordJson[]> {
      const headers = { authorization: `Bearer ${operator}` };
      const response = await fetch(`${url}/cluster/v1/audit${query}`, { headers });
      return ((await response.json()) as { data: RecordJson[] }).data;
    },
    verify: async (heads: readonly string[] = []) =>
      (await (await post("/cluster/v1/audit/verify", { heads })).json()) as ReportJson,
  };
}

async function pieces(directory: string): Promise<string[]> {
  const root = join(directory, "objects", "audit");
  const names = await readdir(root, { recursive: true, withFileTypes: true });
  return names.filter((entry) => entry.isFile()).map(({ parentPath, name }) => join(parentPath, name));
}

describe("the audit trail", () => {
  it("has who did what, and neither a prompt, an answer nor a secret", async () => {
    const directory = await temporaryDirectory();
    const cluster = await startCluster({ apiKeys: [`office:${operator}`], dataDirectory: directory });
    await cluster.worker("desk");
    const audit = auditOf(cluster);
    const keys = keysOf(cluster.url, operator);
    const made = await keys.create({ name: "ci", scopes: ["batch", "inference"] });
    const batches = createBatchApi({ url: () => cluster.url, key: made.key });
    const file = await batches.upload(`${chatLine(0, "canary-in-a-line b")}\n`);
    const batch = await batches.create(file.id);
    const { output_file_id: output } = await batches.untilState(batch.id, "completed");
    await batches.content(output ?? "");
    await cluster.post("/v1/chat/completions", chat("canary-in-a-prompt"));
    await cluster.post("/cluster/v1/models", { uri: "builtin:tiny-gemma", id: "mine" });
    const pin = await fetch(`${cluster.url}/cluster/v1/models/mine/pin`, {
      method: "PUT",
      headers: { authorization: `Bearer ${operator}` },
    });
    expect(pin.status).toBe(200);
    const headers = { authorization: `Bearer ${operator}` };
    const workers = await fetch(`${cluster.url}/cluster/v1/workers`, { headers });
    const [desk] = ((await workers.json()) as { data: { id: string; replicas: { id: string }[] }[] }).data;
    const replicas = `/cluster/v1/workers/${desk?.id}/replicas`;
    await cluster.post(replicas, {
      model_uri: "https://me:canary-in-a-uri@models.invalid/a.gguf?canary-in-a",
    });
    for (const deed of ["pause", "resume"]) await cluster.post(`/cluster/v1/workers/${desk?.id}/${deed}`, {});
    const [replica] = desk?.replicas ?? [];
    await fetch(`${cluster.url}${replicas}/${replica?.id}`, { method: "DELETE", headers });
    await cluster.post("/cluster/v1/mirror/pull", { model: "mine" });
    expect(await statusWith(cluster.url, made.key, "/cluster/v1/keys")).toBe(403);
    const rotated = await keys.rotate(made.id, 60);
    await keys.revoke(made.id);
    const records = await audit.list();
    const seen = records.map(({ actor, action, target }) => [actor, action, target]).reverse();
    const office = "configured:office";
    expect(seen.filter(([, action]) => action !== "audit.begin")).toEqual([
      [office, "key.create", made.id],
      [made.id, "file.create", file.id],
      [made.id, "batch.create", batch.id],
      [made.id, "file.read", output],
      [office, "model.add", "mine"],
      [office, "model.pin", "mine"],
      [office, "worker.load", desk?.id],
      [office, "worker.pause", desk?.id],
      [office, "worker.resume", desk?.id],
      [office, "worker.unload", desk?.id],
      [office, "mirror.pull", "builtin:tiny-gemma"],
      [made.id, "access.refuse", "GET /cluster/v1/keys"],
      [office, "key.rotate", made.id],
      [office, "key.revoke", made.id],
    ]);
    expect(await audit.list("?action=file.read")).toHaveLength(1);
    expect(await audit.list(`?actor=${made.id}&limit=2`)).toHaveLength(2);
    const texts = await Promise.all((await pieces(directory)).map((path) => readFile(path, "utf8")));
    const written = texts.join("\n");
    expect(written).toContain(made.id);
    for (const secret of [made.key, rotated.key, made.key.slice(15), operator, "canary-in"])
      expect(written).not.toContain(secret);
  });

  it("shows an edit, says which record it is, and has a key that only its owner can read", async () => {
    const directory = await temporaryDirectory();
    const cluster = await startCluster({ apiKeys: [`office:${operator}`], dataDirectory: directory });
    const audit = auditOf(cluster);
    const keys = keysOf(cluster.url, operator);
    for (const name of ["a", "b", "c"]) await keys.create({ name, scopes: ["read"] });
    const before = await audit.verify();
    expect(before).toMatchObject({ intact: true, records: 4, faults: [] });
    expect((await stat(join(directory, "trust", "audit.key"))).mode & 0o777).toBe(0o600);
    const [path = ""] = await pieces(directory);
    const text = await readFile(path, "utf8");
    await writeFile(path, text.replace('"name":"b"', '"name":"x"'));
    const after = await audit.verify();
    expect(after.intact).toBe(false);
    expect(after.faults).toEqual([
      { log: expect.any(String), seq: 3, kind: "edited", says: expect.stringContaining("Record 3") },
    ]);
    await writeFile(path, text.split("\n").slice(0, 3).join("\n").concat("\n"));
    expect((await audit.verify()).intact).toBe(true);
    const noted = await audit.verify(before.heads);
    expect(noted.faults).toMatchObject([{ seq: 4, kind: "cut" }]);
  });

  it("goes on over restarts, and a log that is gone shows in the next", async () => {
    const directory = await temporaryDirectory();
    const settings = { apiKeys: [`office:${operator}`], dataDirectory: directory };
    const first = await startCluster(settings);
    await keysOf(first.url, operator).create({ name: "a", scopes: ["read"] });
    await first.orchestrator.stop();
    const [path = ""] = await pieces(directory);
    const second = await startCluster(settings);
    await keysOf(second.url, operator).create({ name: "b", scopes: ["read"] });
    const audit = auditOf(second);
    expect(await audit.verify()).toMatchObject({ intact: true, records: 4 });
    expect((await audit.list("?action=key.create")).map(({ details }) => details["name"])).toEqual([
      "b",
      "a",
    ]);
    await writeFile(path, "");
    expect((await audit.verify()).faults).toMatchObject([{ seq: 2, kind: "cut" }]);
  });

  it("is not flooded by whoever is turned away, and counts them", async () => {
    const cluster = await startCluster({ apiKeys: [`office:${operator}`] });
    for (let at = 0; at < 40; at++) await statusWith(cluster.url, "wrong-key-0123456789");
    const refused = await auditOf(cluster).list("?action=access.refuse");
    expect(refused.map(({ actor }) => actor)).toEqual(Array(3).fill("peer:127.0.0.1"));
  });

  it("knows who tries keys on paths that there are not, and that are none", async () => {
    for (const path of ["/nothing", "/v1/files/%zz", `/v1/files/${"x".repeat(600)}`]) {
      const cluster = await startCluster({ apiKeys: [`office:${operator}`] });
      expect(await statusWith(cluster.url, "wrong-key-0123456789", path)).toBe(401);
      const refused = await auditOf(cluster).list("?action=access.refuse");
      expect(refused.map(({ actor }) => actor)).toEqual(["peer:127.0.0.1"]);
    }
  });

  it("believes what a proxy says of its client only where the proxy is known", async () => {
    const headers = { "x-forwarded-for": "203.0.113.9" };
    const actorBehind = async (trustedProxies: string[]) => {
      const cluster = await startCluster({ apiKeys: [`office:${operator}`], trustedProxies });
      expect((await fetch(`${cluster.url}/v1/models`, { headers })).status).toBe(401);
      return (await auditOf(cluster).list("?action=access.refuse"))[0]?.actor;
    };
    expect(await actorBehind([])).toBe("peer:127.0.0.1");
    expect(await actorBehind(["10.0.0.0/8"])).toBe("peer:127.0.0.1");
    expect(await actorBehind(["127.0.0.0/8"])).toBe("peer:203.0.113.9");
  });

  it("needs a key for administration", async () => {
    const cluster = await startCluster({ apiKeys: [`office:${operator}`] });
    const all = ["inference", "batch", "read", "metrics"];
    const { key } = await keysOf(cluster.url, operator).create({ name: "other", scopes: all });
    expect(await statusWith(cluster.url, key, "/cluster/v1/audit")).toBe(403);
    expect((await fetch(`${cluster.url}/cluster/v1/audit`)).status).toBe(401);
  });
});
