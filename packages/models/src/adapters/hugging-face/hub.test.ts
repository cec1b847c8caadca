import { randomBytes } from "node:crypto";
import { silentLog } from "@muster/base";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { type FakeModelServer, sha256Of, startFakeModelServer } from "../http/model-server.fake.ts";
import { createHuggingFaceHub } from "./hub.ts";

const content = randomBytes(1000);
const file = { owner: "google", repo: "gemma", revision: "refs/pr/1", file: "sub dir/a#1.gguf" };
let server: FakeModelServer;

beforeEach(async () => {
  server = await startFakeModelServer();
});

afterEach(async () => {
  await server.close();
});

function locate(token?: string) {
  const retry = { baseMs: 1, maxMs: 1, maxFruitless: 3, maxTries: 10 };
  const endpoint = `${server.hubUrl}/`;
  const hub = createHuggingFaceHub({
    endpoint,
    token,
    reach: server.reach,
    log: silentLog,
    random: () => 0,
    retry,
  });
  return hub.locate(file, new AbortController().signal);
}

describe("locate", () => {
  test("learns checksum, size and commit without following to the file's storage", async () => {
    server.put("/google/gemma/resolve/refs/pr/1/sub dir/a#1.gguf", content);
    expect(await locate("hf_secret")).toEqual({
      url: `${server.hubUrl}/google/gemma/resolve/refs%2Fpr%2F1/sub%20dir/a%231.gguf`,
      token: "hf_secret",
      sha256: sha256Of(content),
      bytes: content.length,
      commit: "c0ffee",
    });
    expect(server.seen).toMatchObject([{ server: "hub", method: "HEAD", authorization: "Bearer hf_secret" }]);
  });

  test("takes no other tag for a checksum", async () => {
    server.put("/google/gemma/resolve/refs/pr/1/sub dir/a#1.gguf", content, { sha256: '0123"' });
    expect(await locate()).toMatchObject({ sha256: undefined, token: undefined });
  });

  test.each([401, 403])("says how to get at a gated model after a %i", async (status) => {
    server.refuse(status);
    const message = await messageOf(locate());
    expect(message).toContain("gated");
    expect(message).toContain(`${server.hubUrl}/google/gemma, accept its licence`);
    expect(message).toContain("HF_TOKEN");
  });

  test("does not advise to set a token that is set", async () => {
    server.refuse(403);
    expect(await messageOf(locate("hf_secret"))).toContain("make sure that HF_TOKEN belongs to the account");
  });

  test("names repository and file where there is none", async () => {
    const message = await messageOf(locate());
    expect(message).toContain('"sub dir/a#1.gguf"');
    expect(message).toContain('"google/gemma"');
  });

  test("tries again while the hub is busy, a bounded number of times", async () => {
    server.refuse(429);
    expect(await messageOf(locate())).toContain("the hub answered 429");
    expect(server.seen).toHaveLength(3);
  });

  test("says that the hub is out of reach", async () => {
    await server.close();
    expect(await messageOf(locate())).toContain("ECONNREFUSED");
  });
});

test.each(["http://mirror.example", "ftp://127.0.0.1", "nonsense", "https://me:secret@mirror.example"])(
  "%s cannot be an endpoint",
  (endpoint) => {
    expect(() =>
      createHuggingFaceHub({ endpoint, token: undefined, reach: server.reach, log: silentLog }),
    ).toThrow("HF_ENDPOINT");
  },
);

async function messageOf(task: Promise<unknown>): Promise<string> {
  const error = await task.then(
    () => undefined,
    (thrown: unknown) => thrown,
  );
  expect(error).toMatchObject({ code: "model_load_failed" });
  return String(error);
}
