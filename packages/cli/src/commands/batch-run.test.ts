import { mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parse } from "csv-parse/sync";
import { beforeEach, describe, expect, it, onTestFinished } from "vitest";
import { type BatchServer, startBatchServer } from "../batch-server.fixture.ts";
import { createTestIo, runCommand, type TestIo } from "../command-io.fixture.ts";
import { batchCommand } from "./batch.ts";

const table = 'id,text\n1,"one, ""quoted"""\n2,"two\nlines !refuse"\n3,three\n';

describe("muster batch run", () => {
  let server: BatchServer;
  let directory: string;
  const file = (name: string) => join(directory, name);
  const read = (name: string) => readFile(file(name), "utf8");

  beforeEach(async () => {
    server = await startBatchServer();
    directory = await mkdtemp(join(tmpdir(), "muster-cli-"));
    onTestFinished(() => rm(directory, { recursive: true }));
    await writeFile(file("in.csv"), table);
  });

  async function run(...args: string[]): Promise<TestIo> {
    const io = createTestIo();
    await runCommand(io, batchCommand, ["run", file("in.csv"), "--url", server.url, ...args]);
    return io;
  }
  const ask = ["--prompt", "Shout: {text}"];

  it("adds answers and errors to a table, in its order, and leaves nothing else behind", async () => {
    server.answer(3);
    const io = await run(...ask, "-o", file("out.csv"));
    expect(parse(await read("out.csv"))).toEqual([
      ["id", "text", "answer", "error"],
      ["1", 'one, "quoted"', 'SHOUT: ONE, "QUOTED"', ""],
      ["2", "two\nlines !refuse", "", "invalid_request: Refused."],
      ["3", "three", "SHOUT: THREE", ""],
    ]);
    expect((await readdir(directory)).sort()).toEqual(["in.csv", "out.csv"]);
    expect(io.err()).toMatch(/out\.csv {2}2 answers, 1 line failed, in 3 s\n$/);
    expect(io.exitCode()).toBe(1);
    expect(io.out()).toBe("");
  });

  it("writes the server's lines, or one answer a line, with the errors beside them", async () => {
    server.answer(3);
    const io = await run(...ask, "-o", file("out.jsonl"));
    const ids = (text: string) =>
      text
        .trim()
        .split("\n")
        .map((line) => JSON.parse(line).custom_id);
    expect(ids(await read("out.jsonl"))).toEqual(["line-1", "line-3"]);
    expect(ids(await read("out.errors.jsonl"))).toEqual(["line-2"]);
    expect(io.err()).toContain("out.errors.jsonl  why lines have no answer");
    await run("--prompt", "a\\b\n{text}", "-o", file("out.txt"), "--errors", file("e"));
    expect(await read("out.txt")).toBe('A\\\\B\\nONE, "QUOTED"\n\nA\\\\B\\nTHREE\n');
    expect(ids(await read("e"))).toEqual(["line-2"]);
  });

  it("leaves at Ctrl-C, says how to come back, and the same command does so without a second batch", async () => {
    const io = createTestIo();
    const looked = server.looked();
    const args = ["run", file("in.csv"), "--url", server.url, ...ask, "-o", file("out.csv")];
    const running = runCommand(io, batchCommand, args);
    await looked;
    io.interrupt();
    await running;
    expect(io.exitCode()).toBe(130);
    expect(io.err()).toMatch(
      /\nBatch batch_1 goes on at the server\.\n {2}Come back {2}the same command again, or: muster batch results batch_1 -o \S+out\.csv\n/,
    );
    expect((await readdir(directory)).sort()).toEqual(["in.csv", "out.csv.batch.json"]);

    server.answer(3);
    const again = await run(...ask, "-o", file("out.csv"));
    expect(again.err()).toContain("Back at batch batch_1");
    expect(parse(await read("out.csv"))).toHaveLength(4);
    expect((await readdir(directory)).sort()).toEqual(["in.csv", "out.csv"]);
    expect(server.batches).toHaveLength(1);
    expect(server.requests.filter((name) => name === "POST /v1/files")).toHaveLength(1);
  });

  it("looks for its batch where an earlier run ended between making it and writing that down", async () => {
    await run(...ask, "-o", file("out.csv"), "--detach");
    const { batchId, ...before } = JSON.parse(await read("out.csv.batch.json"));
    await writeFile(file("out.csv.batch.json"), JSON.stringify(before));
    const io = await run(...ask, "-o", file("out.csv"), "--detach");
    expect(io.out()).toBe("batch_1\n");
    expect(JSON.parse(await read("out.csv.batch.json"))).toEqual({ ...before, batchId });
    expect(server.batches).toHaveLength(1);
  });

  it("says what to do where the server does not know its batch, or the state is none", async () => {
    await run(...ask, "-o", file("out.csv"), "--detach");
    server = await startBatchServer();
    const gone = await run(...ask, "-o", file("out.csv"));
    expect(gone.err()).toMatch(
      /knows no batch batch_1, which \S+out\.csv\.batch\.json names.*delete that file/,
    );
    expect(server.requests).not.toContain("POST /v1/files");
    await writeFile(file("out.csv.batch.json"), "{}");
    expect((await run(...ask, "-o", file("out.csv"))).err()).toMatch(/is not what `muster batch run` left/);
  });

  it("waits for a server that goes away, and says so once", async () => {
    server.breakNext("GET /v1/batches/batch_1", 2);
    server.answer(3);
    const io = await run(...ask, "-o", file("out.csv"));
    expect(io.err().match(/Trying again; what is done is kept/g)).toHaveLength(1);
    expect(parse(await read("out.csv"))).toHaveLength(4);
  });

  it("does not mix up batches: another input, other options or an output that is there", async () => {
    await run(...ask, "-o", file("out.csv"), "--detach");
    const other = await run("--prompt", "{id}", "-o", file("out.csv"));
    expect(other.err()).toMatch(/answers of another batch, batch_1: the input or the options have changed/);
    expect(other.exitCode()).toBe(2);
    expect((await run(...ask, "--window", "2h", "-o", file("out.csv"))).exitCode()).toBe(2);
    await writeFile(file("there.csv"), "precious");
    const there = await run(...ask, "-o", file("there.csv"));
    expect(there.err()).toMatch(/there\.csv is there already.*--force/);
    expect(await read("there.csv")).toBe("precious");
    server.answer(3);
    await run(...ask, "-o", file("there.csv"), "--force");
    expect(await read("there.csv")).not.toBe("precious");
    expect(server.batches).toHaveLength(2);
  });

  it("refuses to put answers beside rows that have changed since", async () => {
    const looked = server.looked();
    const running = run(...ask, "-o", file("out.csv"));
    await looked;
    await writeFile(file("in.csv"), table.replace("three", "four"));
    server.answer(3);
    const io = await running;
    expect(io.err()).toMatch(/in\.csv has changed since it was sent/);
    expect((await readdir(directory)).sort()).toEqual(["in.csv", "out.csv.batch.json"]);
  });

  it("names the requests that the server refuses, and lets the corrected input make another batch", async () => {
    await run(...ask, "-o", file("out.csv"), "--detach");
    const data = Array.from({ length: 12 }, (_none, index) => ({
      code: "invalid_request",
      message: `Wrong ${index}.`,
      line: index + 1,
    }));
    server.change({ status: "failed", errors: { object: "list", data }, muster: { error_count: 300 } });
    const io = await run(...ask, "-o", file("out.csv"));
    expect(io.err()).toMatch(
      /refuses the input, and nothing has run \(300 errors\):\n {2}request 1: Wrong 0\.\n[\s\S]*request 10: Wrong 9\.\n {2}and 290 more\n/,
    );
    expect(await readdir(directory)).toEqual(["in.csv"]);
  });

  it("tells what happens as JSON lines", async () => {
    server.answer(3);
    const io = await run(...ask, "-o", file("out.csv"), "--json");
    const events = io
      .out()
      .trim()
      .split("\n")
      .map((line) => JSON.parse(line));
    expect(events.map(({ event }) => event)).toEqual(["submitted", "progress", "finished"]);
    expect(events.at(-1)).toMatchObject({
      batch_id: "batch_1",
      completed: 2,
      failed: 1,
      output: file("out.csv"),
    });
    expect(io.err()).toBe("");
  });

  it.each([
    [["--prompt", "{txt}"], /names \{txt\}, .* It has \{id\}, \{text\}/],
    [[], /no column "prompt"/],
    [["--prompt", "{text}", "--schema", "/nowhere.json"], /Cannot read the schema in \/nowhere\.json/],
    [["--prompt", "{text}", "--endpoint", "/v1/embeddings", "--system", "x"], /does not take --system/],
    [["--prompt", "{text}", "--max-tokens", "0"], /whole number/],
  ])("sends nothing where %j cannot be", async (args, message) => {
    const io = await run(...args, "-o", file("out.csv"));
    expect(io.err()).toMatch(message);
    expect(io.exitCode()).toBe(2);
    expect(server.requests.filter((name) => name.startsWith("POST"))).toEqual([]);
  });

  it("needs --model where several are served, and an output whose directory is there", async () => {
    server = await startBatchServer(["tiny", "large"]);
    const io = await run(...ask, "-o", file("out.csv"));
    expect(io.err()).toMatch(/Several models are served: tiny, large/);
    await run(...ask, "-o", file("out.csv"), "--model", "large", "--detach");
    expect([...server.files.values()][0]).toContain('"model":"large"');
    expect((await run(...ask, "-o", file("no/out.csv"))).err()).toMatch(/Cannot write to .*no/);
  });
});
