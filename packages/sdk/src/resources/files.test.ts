import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { describe, expect, it, onTestFinished } from "vitest";
import { Muster } from "../client.ts";
import { AuthenticationError, ConnectionError, NotFoundError, ServerError } from "../errors.ts";
import { type Answer, type SeenRequest, sendJson, startServer } from "../server.fixture.ts";

const file = {
  id: "file-1",
  object: "file",
  bytes: 6,
  created_at: 1,
  filename: "lines.jsonl",
  purpose: "batch",
};
const soon = { "retry-after-ms": "1" };

async function filesOf(answer: Answer) {
  const server = await startServer(answer);
  return { server, files: new Muster({ baseUrl: server.url }).files };
}

/** What a real parser reads in the form. */
async function formOf({ headers, body }: SeenRequest) {
  const response = new Response(String(body), { headers: { "content-type": headers["content-type"] ?? "" } });
  const form = await response.formData();
  const content = form.get("file") as File;
  return {
    fields: [...form.keys()],
    purpose: form.get("purpose"),
    seconds: form.get("expires_after[seconds]"),
    name: content.name,
    type: content.type,
    text: await content.text(),
  };
}

async function* pieces(...all: (string | Uint8Array)[]) {
  yield* all;
}

describe("files.create", () => {
  it.each([
    ["text", () => "{}\n{ü}\n"],
    ["bytes", () => new TextEncoder().encode("{}\n{ü}\n")],
    ["a blob", () => new Blob(["{}\n", "{ü}\n"])],
    ["a stream", () => pieces("{}\n", new TextEncoder().encode("{ü}"), "\n")],
  ])("sends %s as a form that parsers read", async (_kind, source) => {
    const { server, files } = await filesOf((response) => sendJson(response, file));
    const made = await files.create({
      file: source(),
      filename: 'a "b"\n.jsonl',
      expires_after: { anchor: "created_at", seconds: 3_600 },
    });
    expect(made.id).toBe("file-1");
    const [seen] = server.seen as [SeenRequest];
    expect(seen).toMatchObject({ method: "POST", path: "/v1/files" });
    expect(await formOf(seen)).toEqual({
      fields: ["purpose", "expires_after[anchor]", "expires_after[seconds]", "file"],
      purpose: "batch",
      seconds: "3600",
      name: 'a "b"\n.jsonl',
      type: "application/jsonl",
      text: "{}\n{ü}\n",
    });
  });

  it("takes the name of a File", async () => {
    const { server, files } = await filesOf((response) => sendJson(response, file));
    await files.create({ file: new File(["{}"], "mine.jsonl") });
    expect((await formOf(server.seen[0] as SeenRequest)).name).toBe("mine.jsonl");
  });

  it("sends a stream while it is still being made", async () => {
    let arrived: () => void = () => {};
    const hasArrived = new Promise<void>((resolve) => {
      arrived = resolve;
    });
    const server = createServer((request, response) => {
      request.once("data", arrived);
      request.resume().once("end", () => sendJson(response, file));
    });
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    onTestFinished(() => server.close() && server.closeAllConnections());
    const { port } = server.address() as AddressInfo;
    async function* endless() {
      yield "x".repeat(100_000);
      await hasArrived;
      yield "the end";
    }
    const muster = new Muster({ baseUrl: `http://127.0.0.1:${port}` });
    expect((await muster.files.create({ file: endless() })).id).toBe("file-1");
  });

  it("lets no redirect follow a stream, for which all that was sent would have to be kept", async () => {
    const inits: RequestInit[] = [];
    const muster = new Muster({
      fetch: async (_url, init) => {
        inits.push(init);
        return Response.json(file);
      },
    });
    await muster.files.create({ file: pieces("{}") });
    await muster.files.create({ file: "{}" });
    expect(inits.map(({ redirect, window }) => [redirect, window])).toEqual([
      ["error", null],
      [undefined, undefined],
    ]);
  });

  it("throws what the source threw, and stops sending", async () => {
    const { server, files } = await filesOf((response) => sendJson(response, file));
    const why = new RangeError("no more");
    async function* broken() {
      yield "x".repeat(100_000);
      throw why;
    }
    await expect(files.create({ file: broken() })).rejects.toBe(why);
    expect(server.seen).toEqual([]);
  });

  it("takes an early no for an answer, and tells the source to end", async () => {
    const server = createServer((_request, response) =>
      sendJson(response, { error: { message: "No." } }, { status: 401 }),
    );
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    onTestFinished(() => server.close() && server.closeAllConnections());
    const { port } = server.address() as AddressInfo;
    let ended: () => void = () => {};
    const hasEnded = new Promise<void>((resolve) => {
      ended = resolve;
    });
    async function* endless() {
      try {
        for (;;) {
          yield "x".repeat(100_000);
          // Lets the network have its turn.
          await new Promise((resolve) => setImmediate(resolve));
        }
      } finally {
        ended();
      }
    }
    const muster = new Muster({ baseUrl: `http://127.0.0.1:${port}` });
    await expect(muster.files.create({ file: endless() })).rejects.toBeInstanceOf(AuthenticationError);
    await hasEnded;
  });

  it("sends again what it has whole, and never a stream", async () => {
    const busy: Answer = (response, _seen, index) =>
      index === 0
        ? sendJson(response, { error: { message: "Busy." } }, { status: 503, headers: soon })
        : sendJson(response, file);
    const whole = await filesOf(busy);
    expect((await whole.files.create({ file: "{}" })).id).toBe("file-1");
    const [first, second] = whole.server.seen;
    expect(second?.body).toEqual(first?.body);
    const streamed = await filesOf(busy);
    await expect(streamed.files.create({ file: pieces("{}") })).rejects.toBeInstanceOf(ServerError);
    expect(streamed.server.seen).toHaveLength(1);
  });
});

describe("files", () => {
  it("are listed, looked at and deleted", async () => {
    const { server, files } = await filesOf((response) => sendJson(response, file));
    await files.list();
    await files.list({ after: "file-0", limit: 5, order: "asc", purpose: "batch_output" });
    await files.retrieve("file-1");
    await files.delete("file-1");
    expect(server.seen.map(({ method, path }) => `${method} ${path}`)).toEqual([
      "GET /v1/files",
      "GET /v1/files?after=file-0&limit=5&order=asc&purpose=batch_output",
      "GET /v1/files/file-1",
      "DELETE /v1/files/file-1",
    ]);
    await expect(files.retrieve("../models")).rejects.toBeInstanceOf(TypeError);
  });
});

describe("files.content", () => {
  it("gives bytes, text or lines, as often as it is read", async () => {
    const { server, files } = await filesOf((response) => response.end("eins\r\n\nzwei\n🦙"));
    const content = files.content("file-1");
    expect(server.seen).toEqual([]);
    expect(await content.text()).toBe("eins\r\n\nzwei\n🦙");
    const lines: string[] = [];
    for await (const line of content.lines()) lines.push(line);
    expect(lines).toEqual(["eins", "zwei", "🦙"]);
    expect(server.seen.map(({ path }) => path)).toEqual(Array(2).fill("/v1/files/file-1/content"));
  });

  const whole = "first line\nsecond line\nthird line\n";
  it.each([
    ["with ranges", true],
    ["without ranges", false],
  ])("goes on where a connection broke, at a server %s", async (_kind, hasRanges) => {
    const { server, files } = await filesOf((response, seen, index) => {
      const from = Number(/^bytes=(\d+)-$/.exec(seen.headers.range ?? "")?.[1] ?? 0);
      const isRange = hasRanges && from > 0;
      response.writeHead(isRange ? 206 : 200, {
        "content-length": whole.length - (isRange ? from : 0),
      });
      const rest = whole.slice(isRange ? from : 0);
      if (index < 2)
        response.write(rest.slice(0, index === 0 ? 14 : rest.length - 5), () => response.destroy());
      else response.end(rest);
    });
    expect(await files.content("file-1").text()).toBe(whole);
    expect(server.seen.map(({ headers }) => headers.range)).toEqual([
      undefined,
      "bytes=14-",
      `bytes=${whole.length - 5}-`,
    ]);
  });

  it("gives up where connections break without a byte, and at what is not there", async () => {
    const broken = await filesOf((response) => {
      response.writeHead(200, { "content-length": 5 });
      response.flushHeaders();
      response.write("", () => response.destroy());
    });
    await expect(broken.files.content("file-1", { maxRetries: 1 }).text()).rejects.toBeInstanceOf(
      ConnectionError,
    );
    expect(broken.server.seen.length).toBeGreaterThanOrEqual(2);
    const none = await filesOf((response) => sendJson(response, {}, { status: 404 }));
    await expect(none.files.content("file-1").text()).rejects.toBeInstanceOf(NotFoundError);
  });
});
