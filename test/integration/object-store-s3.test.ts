import { randomUUID } from "node:crypto";
import { createS3ObjectStore, objectStoreContract, type S3Options } from "@muster/orchestrator/testing";
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from "vitest";
import { openS3Gate } from "../support/s3-gate.ts";
import { startTestS3, type TestS3, whyNoS3 } from "../support/s3-server.ts";

const problem = await whyNoS3();
const note = problem === undefined ? "" : ` (skipped, there is no S3 server to be had: ${problem})`;

describe.skipIf(problem !== undefined)(`S3${note}`, () => {
  let s3: TestS3;
  const bucket = "muster-test";

  beforeAll(async () => {
    s3 = await startTestS3();
    await s3.createBucket(bucket);
  }, 180_000);
  afterAll(() => s3?.stop());

  const options = (changes: Partial<S3Options> = {}): S3Options => ({
    bucket,
    prefix: `${randomUUID()}/`,
    endpoint: s3.endpoint,
    credentials: s3.credentials,
    forcePathStyle: true,
    ...changes,
  });
  const open = (changes?: Partial<S3Options>) => {
    const store = createS3ObjectStore(options(changes));
    onTestFinished(() => store.close());
    return store;
  };
  const gate = async () => {
    const opened = await openS3Gate(s3.endpoint);
    onTestFinished(() => opened.stop());
    return opened;
  };
  const text = (content: string) => Buffer.from(content);

  objectStoreContract("S3", async () => {
    const place = options();
    return () => createS3ObjectStore(place);
  });

  it("keeps two prefixes of one bucket apart", async () => {
    const [a, b] = [open({ prefix: "" }), open({ prefix: "inner/" })];
    await b.put("files/x", text("b"));
    await a.put("files/x", text("a"));
    expect(Buffer.from((await b.get("files/x")) ?? []).toString()).toBe("b");
    expect(Buffer.from((await a.get("inner/files/x")) ?? []).toString()).toBe("b");
    await a.removeAll("files/");
    expect(await b.head("files/x")).toBeDefined();
  });

  it("knows an object of its own when the answer to an exclusive put was lost", async () => {
    const through = await gate();
    const store = open({ endpoint: through.endpoint });
    await store.ready();
    let lost = 0;
    through.fate = (method) => (method === "PUT" && lost++ === 0 ? { kind: "lose" } : { kind: "pass" });
    expect(await store.putIfAbsent("generations/00000001", text("ours"))).toBe(true);
    expect(lost).toBe(2);
    lost = 0;
    expect(await store.putIfAbsent("generations/00000001", text("ours"))).toBe(false);
    expect(lost).toBe(2);
  });

  it("appends once to a log when an answer was lost, and to a new piece after a failure", async () => {
    const through = await gate();
    const store = open({ endpoint: through.endpoint });
    const log = store.openLog("segments/w");
    let puts = 0;
    await log.append(text("one"));
    through.fate = (method) => (method === "PUT" && puts++ === 0 ? { kind: "lose" } : { kind: "pass" });
    expect(await log.append(text("two"))).toEqual({ key: "segments/w/00000001", offset: 0 });
    through.fate = () => ({ kind: "answer", status: 507, code: "StorageFull" });
    await expect(log.append(text("lost"))).rejects.toMatchObject({ code: "store_full" });
    through.fate = () => ({ kind: "pass" });
    expect(await log.append(text("three"))).toEqual({ key: "segments/w/00000003", offset: 0 });
  });

  it("asks for the rest of an object when the connection breaks, and gives all of it once", async () => {
    const through = await gate();
    const store = open({ endpoint: through.endpoint });
    const content = Buffer.from(Array.from({ length: 300_000 }, (_none, i) => i % 251));
    await store.put("files/x/content", content);
    let gets = 0;
    const breaksTwice = (method: string) =>
      method === "GET" && gets++ < 2
        ? ({ kind: "cut", afterBytes: 1_000 } as const)
        : ({ kind: "pass" } as const);
    through.fate = breaksTwice;
    const parts: Uint8Array[] = [];
    for await (const part of store.read("files/x/content", { offset: 5 })) parts.push(part);
    expect(content.subarray(5).equals(Buffer.concat(parts))).toBe(true);
    expect(gets).toBe(3);
    gets = 0;
    const range = await store.get("files/x/content", { offset: 100, length: 200_000 });
    expect(content.subarray(100, 200_100).equals(range ?? Buffer.alloc(0))).toBe(true);
    expect(gets).toBe(3);
    through.fate = (method) => (method === "GET" ? { kind: "cut", afterBytes: 0 } : { kind: "pass" });
    await expect(store.get("files/x/content")).rejects.toMatchObject({ code: "store_unavailable" });
  });

  it("leaves no parts behind when an upload fails", async () => {
    const through = await gate();
    const store = open({ endpoint: through.endpoint });
    through.fate = (method, path) =>
      method === "PUT" && path.includes("partNumber=2")
        ? { kind: "answer", status: 403, code: "QuotaExceeded" }
        : { kind: "pass" };
    await expect(store.put("files/x/content", Buffer.alloc(20_000_000))).rejects.toMatchObject({
      code: "store_full",
      message: expect.stringContaining(bucket),
    });
    expect(
      through.seen.filter((line) => line.startsWith("DELETE") && line.includes("uploadId=")),
    ).toHaveLength(1);
    expect(await store.head("files/x/content")).toBeUndefined();
  });

  it("refuses a server that overwrites what should be put exclusively", async () => {
    const through = await gate();
    through.fate = (method) =>
      method === "PUT" ? { kind: "answer", status: 200, code: "" } : { kind: "pass" };
    const store = open({ endpoint: through.endpoint });
    const refusal = { code: "unsupported", message: expect.stringContaining("If-None-Match") };
    await expect(store.ready()).rejects.toMatchObject(refusal);
    await expect(store.put("files/x", text("x"))).rejects.toMatchObject(refusal);
  });

  it.each([
    [
      "wrong keys",
      { credentials: { accessKeyId: "muster-test", secretAccessKey: "wrong" } },
      "AWS_SECRET_ACCESS_KEY",
    ],
    ["no such bucket", { bucket: "muster-none" }, "no S3 bucket muster-none"],
    ["no server", { endpoint: "http://127.0.0.1:1" }, "ECONNREFUSED"],
  ])("says what to look at: %s", async (_what, changes, words) => {
    await expect(open(changes).ready()).rejects.toMatchObject({
      code: "store_unavailable",
      message: expect.stringContaining(words),
    });
  });

  it("works as soon as its server answers", async () => {
    const through = await gate();
    through.fate = () => ({ kind: "answer", status: 503, code: "ServiceUnavailable" });
    const store = open({ endpoint: through.endpoint });
    await expect(store.get("a")).rejects.toMatchObject({ code: "store_unavailable" });
    through.fate = () => ({ kind: "pass" });
    expect(await store.get("a")).toBeUndefined();
  });
});
