import { expect, it } from "vitest";
import { Muster } from "../client.ts";
import { BadRequestError } from "../errors.ts";
import { sendJson, startServer } from "../server.fixture.ts";

it("asks for what it was asked for, and for nothing else", async () => {
  const report = {
    object: "usage",
    since: "2026-11-01",
    until: "2026-11-30",
    by: ["key"],
    data: [],
    total: {},
  };
  const server = await startServer((response) => sendJson(response, report));
  const { usage } = new Muster({ baseUrl: server.url, maxRetries: 0 });
  expect((await usage.retrieve()).since).toBe("2026-11-01");
  await usage.retrieve({ by: ["key", "day"], since: "2026-11-01", model: "gemma 4", key: undefined });
  expect(server.seen.map(({ method, path }) => [method, path])).toEqual([
    ["GET", "/cluster/v1/usage"],
    ["GET", "/cluster/v1/usage?since=2026-11-01&model=gemma+4&by=key%2Cday"],
  ]);
});

it("says what the server said no to", async () => {
  const error = {
    message: '"by" is wrong',
    type: "invalid_request_error",
    param: "by",
    code: "invalid_request",
  };
  const server = await startServer((response) => sendJson(response, { error }, { status: 400 }));
  const { usage } = new Muster({ baseUrl: server.url, maxRetries: 0 });
  await expect(usage.retrieve({ by: ["key"] })).rejects.toThrow(BadRequestError);
});
