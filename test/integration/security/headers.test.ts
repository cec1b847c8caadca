import { connect } from "node:net";
import { describe, expect, it } from "vitest";
import { chat, startCluster } from "../../harness/cluster.ts";

/** Different each time, of the answer's size, or about the connection. */
const passing = new Set([
  "x-request-id",
  "request-id",
  "x-trace-id",
  "date",
  "content-length",
  "connection",
  "keep-alive",
]);
const always = { "cache-control": "no-store", "x-content-type-options": "nosniff" };
const json = "application/json; charset=utf-8";

describe("the headers of an answer", () => {
  it("are these and no others: nothing is cached, guessed, or open to other sites", async () => {
    const key = "an-operator-key-0123456789";
    const cluster = await startCluster({ apiKeys: [key] });
    const headersOf = async (path: string, init: RequestInit = {}) => {
      const headers = { origin: "https://other.example", ...(init.headers as Record<string, string>) };
      const response = await fetch(`${cluster.url}${path}`, { ...init, headers });
      await response.arrayBuffer();
      const kept = [...response.headers].filter(([name]) => !passing.has(name));
      return { status: response.status, ...Object.fromEntries(kept) };
    };
    const mine = { authorization: `Bearer ${key}` };
    const ask = { "access-control-request-method": "POST" };
    expect(await headersOf("/healthz")).toEqual({ status: 200, "content-type": json, ...always });
    expect(await headersOf("/v1/models", { headers: mine })).toEqual({
      ...{ status: 200, "content-type": json, ...always },
    });
    const refused = { "content-type": json, "www-authenticate": "Bearer", ...always };
    expect(await headersOf("/v1/models")).toEqual({ status: 401, ...refused });
    expect(await headersOf("/v1/models", { method: "OPTIONS", headers: ask })).toEqual({
      ...{ status: 401, ...refused },
    });
    expect(await headersOf("/v1/models", { method: "OPTIONS", headers: { ...mine, ...ask } })).toEqual({
      ...{ status: 404, "content-type": json, ...always },
    });
    expect(await headersOf("/not/there", { headers: mine })).toMatchObject({ status: 404, ...always });
    expect(await headersOf("/", { method: "HEAD" })).toMatchObject({ status: 200, ...always });
    expect(await headersOf("/", { headers: mine })).toEqual({
      ...{ status: 200, "content-type": "text/plain; charset=utf-8", vary: "accept, accept-encoding" },
      ...always,
    });
  });

  it("of a stream say the same", async () => {
    const cluster = await startCluster();
    await cluster.worker("desk");
    const response = await cluster.post("/v1/chat/completions", chat("a b", { stream: true }));
    await response.text();
    expect(response.headers.get("content-type")).toMatch(/^text\/event-stream/);
    expect(response.headers.get("x-content-type-options")).toBe("nosniff");
    expect(response.headers.get("cache-control")).toMatch(/no-store|no-cache/);
    expect([...response.headers.keys()].filter((name) => name.startsWith("access-control"))).toEqual([]);
  });
});

describe("a client that does not come to an end", () => {
  it("is told so and hung up on while it sends its headers, with and without a first byte", async () => {
    const cluster = await startCluster({ headersTimeoutMs: 400 });
    const { port } = new URL(cluster.url);
    for (const beginning of ["GET /v1/models HTTP/1.1\r\nhost: localhost\r\nx-slow: ", "G"]) {
      const answer = await new Promise<string>((resolve, reject) => {
        let text = "";
        const socket = connect({ port: Number(port), host: "127.0.0.1" }, () => socket.write(beginning));
        socket.setEncoding("utf8").on("data", (part: string) => {
          text += part;
        });
        socket.once("close", () => resolve(text)).once("error", reject);
      });
      expect(answer).toMatch(/^HTTP\/1\.1 408/);
    }
  });
});
