import { createHash, randomBytes } from "node:crypto";
import { readdir } from "node:fs/promises";
import { type ClientRequest, request } from "node:http";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { eventually, startCluster, temporaryDirectory } from "../harness/cluster.ts";

const mib = 1_024 * 1_024;

interface FileJson {
  readonly id: string;
  readonly bytes: number;
  readonly filename: string;
  readonly purpose: string;
  readonly created_at: number;
  readonly expires_at: number;
}

interface ErrorJson {
  readonly error: { readonly code: string; readonly message: string; readonly param: string | null };
}

type Part = readonly [name: string, value: string | Blob, filename?: string];

const purpose: Part = ["purpose", "batch"];
const file = (content: string | Uint8Array, filename = "lines.jsonl"): Part => [
  "file",
  new Blob([Buffer.from(content)]),
  filename,
];

async function start(overrides: Parameters<typeof startCluster>[0] = {}) {
  const objectStore = await temporaryDirectory();
  const cluster = await startCluster({ objectStore, ...overrides });
  const headersOf = (key: string | undefined) =>
    key === undefined ? {} : { authorization: `Bearer ${key}` };
  const get = (path: string, key?: string) => fetch(`${cluster.url}${path}`, { headers: headersOf(key) });
  const upload = (parts: readonly Part[], key?: string) => {
    const form = new FormData();
    for (const [name, value, filename] of parts) {
      if (typeof value === "string") form.append(name, value);
      else form.append(name, value, filename);
    }
    return fetch(`${cluster.url}/v1/files`, { method: "POST", body: form, headers: headersOf(key) });
  };
  const remove = (id: string, key?: string) =>
    fetch(`${cluster.url}/v1/files/${id}`, { method: "DELETE", headers: headersOf(key) });
  return { cluster, objectStore, get, upload, remove };
}

/** Everything that lies in the store, by its path, but for what every orchestrator needs from its start. */
async function objectsIn(directory: string): Promise<string[]> {
  const entries = await readdir(directory, { recursive: true, withFileTypes: true });
  const paths = entries.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name));
  return paths.filter((path) => !path.startsWith(join(directory, "trust")));
}

async function fileOf(response: Response): Promise<FileJson> {
  expect(response.status).toBe(200);
  return (await response.json()) as FileJson;
}

async function refusalOf(response: Response): Promise<ErrorJson["error"] & { readonly status: number }> {
  return { status: response.status, ...((await response.json()) as ErrorJson).error };
}

describe("files", () => {
  it("are kept as they were sent, whether their purpose comes before them or after", async () => {
    const { get, upload, remove } = await start();
    // Beyond what any other body may have, and no text.
    const content = randomBytes(15 * mib);
    for (const parts of [
      [purpose, file(content)],
      [file(content), purpose],
    ]) {
      const made = await fileOf(await upload(parts));
      expect(made).toMatchObject({
        object: "file",
        bytes: content.length,
        filename: "lines.jsonl",
        purpose: "batch",
        status: "processed",
      });
      expect(made.id).toMatch(/^file-[0-9a-f]{32}$/);
      expect(made.expires_at - made.created_at).toBe(30 * 86_400);
      expect(await fileOf(await get(`/v1/files/${made.id}`))).toEqual(made);
      const back = await get(`/v1/files/${made.id}/content`);
      expect(back.headers.get("content-length")).toBe(String(content.length));
      const digest = createHash("sha256").update(Buffer.from(await back.arrayBuffer()));
      expect(digest.digest("hex")).toBe(createHash("sha256").update(content).digest("hex"));
      expect(await (await remove(made.id)).json()).toEqual({ id: made.id, object: "file", deleted: true });
      expect((await get(`/v1/files/${made.id}`)).status).toBe(404);
    }
  });

  it("expire when they are told to", async () => {
    const { upload } = await start();
    const made = await fileOf(
      await upload([
        purpose,
        ["expires_after[anchor]", "created_at"],
        ["expires_after[seconds]", "3600"],
        file("x"),
      ]),
    );
    expect(made.expires_at - made.created_at).toBe(3_600);
  });

  it("are listed page by page, newest first, and told apart by purpose", async () => {
    const { get, upload } = await start();
    const ids: string[] = [];
    for (const name of ["a", "b", "c"])
      ids.unshift((await fileOf(await upload([purpose, file(name, name)]))).id);
    const list = async (query: string) => {
      const answer = (await (await get(`/v1/files${query}`)).json()) as {
        data: FileJson[];
        has_more: boolean;
        first_id: string | null;
        last_id: string | null;
      };
      return { ...answer, data: answer.data.map(({ id }) => id) };
    };
    // Files made within one millisecond have no order.
    const all = (await list("")).data;
    expect([...all].sort()).toEqual([...ids].sort());
    expect(await list("?limit=2")).toEqual({
      object: "list",
      data: all.slice(0, 2),
      has_more: true,
      first_id: all[0],
      last_id: all[1],
    });
    expect((await list(`?limit=2&after=${all[1]}`)).data).toEqual(all.slice(2));
    expect((await list("?order=asc")).data).toEqual([...all].reverse());
    expect(await list("?purpose=batch_output")).toEqual({
      object: "list",
      data: [],
      has_more: false,
      first_id: null,
      last_id: null,
    });
  });

  it("belong to a tenant: its keys share them, no other key sees them", async () => {
    const [first, second, other] = ["a-secret-0123456789", "b-secret-0123456789", "c-secret-0123456789"];
    const apiKeys = [`design:${first}`, `design:${second}`, other];
    const { get, upload, remove } = await start({ apiKeys });
    const { id } = await fileOf(await upload([purpose, file("x")], first));
    expect((await get(`/v1/files/${id}`, second)).status).toBe(200);
    for (const path of [`/v1/files/${id}`, `/v1/files/${id}/content`])
      expect((await get(path, other)).status).toBe(404);
    expect((await remove(id, other)).status).toBe(404);
    expect(((await (await get("/v1/files", other)).json()) as { data: unknown[] }).data).toEqual([]);
    expect((await get(`/v1/files/${id}`, `design:${first}`)).status).toBe(401);
    expect((await remove(id, second)).status).toBe(200);
  });

  it("that are refused leave nothing behind, and say what is wrong", async () => {
    const { cluster, objectStore, upload } = await start({ maxBatchFileBytes: mib });
    const expiry = (anchor: string, seconds: string): Part[] => [
      ["expires_after[anchor]", anchor],
      ["expires_after[seconds]", seconds],
    ];
    const table: readonly [what: string, parts: readonly Part[], status: number, param: string | null][] = [
      ["no purpose", [file("x")], 400, "purpose"],
      ["another purpose", [file("x"), ["purpose", "fine-tune"]], 400, "purpose"],
      ["no file", [purpose], 400, "file"],
      ["a text as file", [purpose, ["file", "text"]], 400, "file"],
      ["a file under another name", [purpose, ["upload", new Blob(["x"]), "x"]], 400, "upload"],
      ["an unknown anchor", [purpose, file("x"), ...expiry("now", "3600")], 400, "expires_after[anchor]"],
      [
        "too short a time",
        [purpose, file("x"), ...expiry("created_at", "60")],
        400,
        "expires_after[seconds]",
      ],
      ["no time", [purpose, file("x"), ["expires_after[anchor]", "created_at"]], 400, "expires_after"],
      ["a field that is too long", [["purpose", "x".repeat(2_000)], file("x")], 400, "purpose"],
      ["two files", [purpose, file("x"), file("y")], 400, null],
      ["a byte too many", [purpose, file(Buffer.alloc(mib + 1))], 413, "file"],
      ["far too many bytes", [purpose, file(Buffer.alloc(20 * mib))], 413, "file"],
    ];
    for (const [what, parts, status, param] of table) {
      const refusal = await refusalOf(await upload(parts));
      expect({ what, status: refusal.status, param: refusal.param }).toEqual({ what, status, param });
    }
    const json = await refusalOf(await cluster.post("/v1/files", { purpose: "batch" }));
    expect(json).toMatchObject({ status: 400, code: "invalid_request" });
    expect(json.message).toContain("multipart/form-data");
    const text = await cluster.post("/v1/files", "x", { headers: { "content-type": "text/plain" } });
    expect((await refusalOf(text)).message).toContain("multipart/form-data");
    for (const contentType of ["multipart/form-data", "multipart/form-data; boundary=x"]) {
      const garbage = await cluster.post("/v1/files", "garbage", {
        headers: { "content-type": contentType },
      });
      expect(await refusalOf(garbage)).toMatchObject({ status: 400, code: "invalid_request" });
    }
    expect(await objectsIn(objectStore)).toEqual([]);
    await fileOf(await upload([purpose, file(Buffer.alloc(mib))]));
  });

  it("of an unknown length that grow too large are refused while they come", async () => {
    const { cluster, objectStore } = await start({ maxBatchFileBytes: mib });
    const { post, answer } = chunkedUpload(cluster.url);
    post.write(Buffer.alloc(2 * mib));
    expect(await answer).toBe(413);
    expect(await objectsIn(objectStore)).toEqual([]);
  });

  it("whose client leaves half-way leave nothing behind", async () => {
    const { cluster, objectStore } = await start();
    const { post, answer } = chunkedUpload(cluster.url);
    post.write(Buffer.alloc(2 * mib));
    await eventually(async () => (await objectsIn(objectStore)).length > 0);
    const gone = answer.catch(() => "gone");
    post.destroy();
    expect(await gone).toBe("gone");
    await eventually(async () => (await objectsIn(objectStore)).length === 0);
  });

  it("are found by ids of their own kind alone", async () => {
    const { get, remove } = await start();
    for (const id of ["x", "file-1", "..%2F..%2Fetc%2Fpasswd", `file-${"0".repeat(32)}`, "%00"]) {
      for (const path of [`/v1/files/${id}`, `/v1/files/${id}/content`])
        expect(await refusalOf(await get(path))).toMatchObject({ status: 404, code: "not_found" });
      expect((await remove(id)).status).toBe(404);
    }
    for (const query of ["limit=0", "limit=10001", "limit=x", "order=up", "after=../x"])
      expect(await refusalOf(await get(`/v1/files?${query}`))).toMatchObject({
        status: 400,
        param: query.split("=")[0],
      });
  });
});

/** An upload whose file is still to be written. */
function chunkedUpload(url: string): {
  readonly post: ClientRequest;
  readonly answer: Promise<number | undefined>;
} {
  const post = request(`${url}/v1/files`, {
    method: "POST",
    headers: { "content-type": "multipart/form-data; boundary=b", "transfer-encoding": "chunked" },
  });
  const answer = new Promise<number | undefined>((resolve, reject) => {
    post.on("response", (response) => {
      response.resume();
      resolve(response.statusCode);
    });
    post.on("error", reject);
  });
  post.write('--b\r\ncontent-disposition: form-data; name="purpose"\r\n\r\nbatch\r\n');
  post.write('--b\r\ncontent-disposition: form-data; name="file"; filename="x"\r\n\r\n');
  return { post, answer };
}
