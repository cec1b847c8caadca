import { describe, expect, it } from "vitest";
import { createBatchApi } from "../../harness/batch-api.ts";
import { chatLine } from "../../harness/batch-lines.ts";
import { startCluster } from "../../harness/cluster.ts";
import { keysOf } from "../../harness/keys-api.ts";

const operator = "an-operator-key-0123456789";

describe("what one tenant has", () => {
  it("is not there for another, on any route, as if it had never been", async () => {
    const cluster = await startCluster({ apiKeys: [operator] });
    await cluster.worker("desk");
    const api = keysOf(cluster.url, operator);
    const keyOf = async (name: string, more: object = {}) =>
      (await api.create({ name, scopes: ["batch", "inference"], ...more })).key;
    const [mine, twin, theirs] = [
      await keyOf("design"),
      await keyOf("design-ci", { tenant: "design" }),
      await keyOf("research"),
    ];
    const design = createBatchApi({ url: () => cluster.url, key: mine });
    const file = await design.upload(`${chatLine(0, "a b")}\n`);
    const batch = await design.create(file.id);
    const done = await design.untilState(batch.id, "completed");
    const ask = async (key: string, method: string, path: string, body?: object) => {
      const response = await fetch(`${cluster.url}${path}`, {
        method,
        headers: {
          authorization: `Bearer ${key}`,
          ...(body === undefined ? {} : { "content-type": "application/json" }),
        },
        ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      });
      return { status: response.status, text: await response.text() };
    };
    const asInput = (id: string) => ({
      ...{ input_file_id: id, endpoint: "/v1/chat/completions", completion_window: "24h" },
    });
    const routes = (fileId: string, batchId: string): [string, string, object?][] => [
      ["GET", `/v1/files/${fileId}`],
      ["GET", `/v1/files/${fileId}/content`],
      ["DELETE", `/v1/files/${fileId}`],
      ["POST", "/v1/batches", asInput(fileId)],
      ["POST", "/v1/batches/plan", { input_file_id: fileId, endpoint: "/v1/chat/completions" }],
      ["GET", `/v1/batches/${batchId}`],
      ["GET", `/v1/batches/${batchId}/results`],
      ...["cancel", "pause", "resume"].map((deed): [string, string] => [
        "POST",
        `/v1/batches/${batchId}/${deed}`,
      ]),
    ];
    const absent = { file: `file-${"0".repeat(32)}`, batch: `batch_${"0".repeat(32)}` };
    const output = done.output_file_id ?? "";
    for (const fileId of [file.id, output])
      for (const [at, [method, path, body]] of routes(fileId, batch.id).entries()) {
        const foreign = await ask(theirs, method, path, body);
        const [, nowhere = "", nothing] = routes(absent.file, absent.batch)[at] ?? [];
        const unknown = await ask(theirs, method, nowhere, nothing);
        expect({ path, status: foreign.status }).toEqual({ path, status: 404 });
        const named = (text: string) =>
          [fileId, batch.id, absent.file, absent.batch].reduce((all, id) => all.replaceAll(id, "ID"), text);
        expect(named(foreign.text)).toBe(named(unknown.text));
      }
    for (const path of ["/v1/files", "/v1/batches"]) {
      expect((JSON.parse((await ask(theirs, "GET", path)).text) as { data: unknown[] }).data).toEqual([]);
      const { data } = JSON.parse((await ask(twin, "GET", path)).text) as { data: { id: string }[] };
      expect(data.map(({ id }) => id)).toContain(path === "/v1/files" ? file.id : batch.id);
    }
    // Another key of the same tenant has them, and nothing was lost meanwhile.
    expect((await ask(twin, "GET", `/v1/files/${output}/content`)).text).toContain("line-0");
    expect((await ask(twin, "GET", `/v1/batches/${batch.id}`)).status).toBe(200);
  });
});
