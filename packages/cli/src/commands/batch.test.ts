import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { beforeEach, describe, expect, it, onTestFinished } from "vitest";
import { type BatchServer, startBatchServer } from "../batch-server.fixture.ts";
import { createTestIo, runCommand, type TestIo } from "../command-io.fixture.ts";
import { batchCommand } from "./batch.ts";

describe("muster batch", () => {
  let server: BatchServer;
  let directory: string;

  beforeEach(async () => {
    server = await startBatchServer();
    directory = await mkdtemp(join(tmpdir(), "muster-cli-"));
    onTestFinished(() => rm(directory, { recursive: true }));
    await writeFile(join(directory, "in.txt"), "one\ntwo !refuse\n");
  });

  async function batch(...args: string[]): Promise<TestIo> {
    const io = createTestIo({ env: { MUSTER_BASE_URL: server.url } });
    await runCommand(io, batchCommand, args);
    return io;
  }
  const submitted = () =>
    batch("run", join(directory, "in.txt"), "-o", join(directory, "out.jsonl"), "--detach");

  it("ls lists batches, or says that there are none", async () => {
    expect((await batch("ls")).out()).toContain("muster batch run FILE");
    await submitted();
    server.answer(1);
    await batch("show", "batch_1");
    expect((await batch("ls")).out()).toMatch(
      /^batch +status +lines +failed +left +age\nbatch_1 +in progress +1\/2 +- +- +/,
    );
    expect(JSON.parse((await batch("ls", "--json")).out())).toMatchObject({ data: [{ id: "batch_1" }] });
  });

  it("show tells how one is", async () => {
    await submitted();
    const shown = await batch("show", "batch_1");
    expect(shown.out()).toMatch(/^batch_1\nstatus +in progress\nendpoint +\/v1\/chat\/completions\n/);
    expect(JSON.parse((await batch("show", "batch_1", "--json")).out()).id).toBe("batch_1");
    const none = await batch("show", "batch_9");
    expect(none.err()).toMatch(/^muster: There is no/);
    expect(none.exitCode()).toBe(1);
  });

  it("pause, resume and cancel do what they say", async () => {
    await submitted();
    expect((await batch("pause", "batch_1")).out()).toContain("muster batch resume batch_1");
    expect((await batch("ls")).out()).toContain("paused");
    expect((await batch("resume", "batch_1")).out()).toBe("Batch batch_1 goes on.\n");
    expect((await batch("cancel", "batch_1")).out()).toBe("Batch batch_1 is cancelled.\n");
    expect(JSON.parse((await batch("show", "batch_1", "--json")).out()).status).toBe("cancelled");
  });

  it("results gets the answers in the order of the input, to a file or to standard output", async () => {
    await submitted();
    server.answer(2);
    const printed = await batch("results", "batch_1");
    expect(printed.out().trim().split("\n")).toHaveLength(1);
    expect(JSON.parse(printed.out()).custom_id).toBe("line-1");
    expect(printed.exitCode()).toBe(1);
    const path = join(directory, "got.csv");
    const written = await batch("results", "batch_1", "-o", path);
    expect(await readFile(path, "utf8")).toBe(
      "custom_id,answer,error\r\nline-1,ONE,\r\nline-2,,invalid_request: Refused.\r\n",
    );
    expect(written.err()).toContain("1 answer, 1 line failed");
    expect((await batch("results", "batch_1", "-o", path)).err()).toContain("--force");
    expect((await batch("results", "batch_1", "-o", path, "--force", "--provenance", path)).err()).toMatch(
      /no provenance/,
    );
  });

  it("results waits, and leaves at Ctrl-C", async () => {
    await submitted();
    const io = createTestIo({ env: { MUSTER_BASE_URL: server.url } });
    const looked = server.looked();
    const waiting = runCommand(io, batchCommand, ["results", "batch_1"]);
    await looked;
    io.interrupt();
    await waiting;
    expect(io.exitCode()).toBe(130);
    expect(io.err()).toContain("Batch batch_1 goes on at the server.");
  });

  it("plan says what a file would take, and leaves nothing at the server", async () => {
    const io = await batch("plan", join(directory, "in.txt"));
    expect(io.out()).toMatch(/tiny +2 +1,200 +5,000 +1 +4 +30 min\n\n2 requests, 30 min where/);
    expect(io.out()).toContain("Too long for tiny, so they would fail: request 2.");
    expect(server.files.size).toBe(0);
    expect(server.batches).toEqual([]);
    expect(JSON.parse((await batch("plan", join(directory, "in.txt"), "--json")).out()).lines).toBe(2);
  });

  it("ends with 2 for what it does not know", async () => {
    expect((await batch("fly")).exitCode()).toBe(2);
    expect((await batch("run", "x.csv")).err()).toContain("--output");
    expect((await batch("show", "--help")).exitCode()).toBe(0);
  });
});
