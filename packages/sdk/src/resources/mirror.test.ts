import { describe, expect, it } from "vitest";
import { Muster } from "../client.ts";
import { BadRequestError, NotFoundError } from "../errors.ts";
import { type Answer, sendJson, startServer } from "../server.fixture.ts";

async function mirrorOf(answer: Answer) {
  const server = await startServer(answer);
  return { server, mirror: new Muster({ baseUrl: server.url, maxRetries: 0 }).mirror };
}

const order = { object: "mirror_order", uri: "hf:o/r/a.gguf", files: ["hf:o/r/a.gguf@main"], workers: [] };

async function* pieces(...all: string[]) {
  yield* all;
}

describe("muster.mirror", () => {
  it("tells what there is, orders, pins and removes", async () => {
    const { server, mirror } = await mirrorOf((response) => sendJson(response, order));
    await mirror.retrieve();
    expect((await mirror.pull({ model: "gemma", workers: true })).files).toEqual(order.files);
    await mirror.pin({ model: "gemma", pinned: false });
    await mirror.delete("https://models.example/m/a.gguf?x=1", { workers: true });
    await mirror.delete("gemma");
    expect(server.seen.map(({ method, path, body }) => [method, path, body])).toEqual([
      ["GET", "/cluster/v1/mirror", undefined],
      ["POST", "/cluster/v1/mirror/pull", { model: "gemma", workers: true }],
      ["POST", "/cluster/v1/mirror/pin", { model: "gemma", pinned: false }],
      [
        "DELETE",
        "/cluster/v1/mirror/models/https%3A%2F%2Fmodels.example%2Fm%2Fa.gguf%3Fx%3D1?workers=true",
        undefined,
      ],
      ["DELETE", "/cluster/v1/mirror/models/gemma", undefined],
    ]);
    await expect(mirror.delete("")).rejects.toThrow(TypeError);
  });

  it.each([
    ["text", () => "123"],
    ["bytes", () => new TextEncoder().encode("123")],
    ["a stream", () => pieces("1", "23")],
  ])("sends %s as it is", async (_kind, source) => {
    const { server, mirror } = await mirrorOf((response) => sendJson(response, { uri: "local:a.gguf" }));
    const taken = await mirror.upload({ file: source(), name: "a b.gguf", bytes: 3, sha256: "ab" });
    expect(taken.uri).toBe("local:a.gguf");
    expect(server.seen).toMatchObject([
      {
        method: "PUT",
        path: "/cluster/v1/mirror/files/a%20b.gguf?bytes=3&sha256=ab",
        headers: { "content-type": "application/octet-stream" },
        body: 123,
      },
    ]);
  });

  it("says what the server said no to", async () => {
    const { mirror } = await mirrorOf((response, { method }) => {
      const error = { message: "no", type: "invalid_request_error", param: null, code: "x" };
      sendJson(response, { error }, { status: method === "GET" ? 404 : 400 });
    });
    await expect(mirror.retrieve()).rejects.toThrow(NotFoundError);
    await expect(mirror.upload({ file: "1", name: "a.gguf", bytes: 1 })).rejects.toThrow(BadRequestError);
  });
});
