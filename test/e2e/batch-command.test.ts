import { type ChildProcess, spawn } from "node:child_process";
import { readdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { beforeAll, describe, expect, it, onTestFinished } from "vitest";
import {
  endProcess,
  eventually,
  model,
  startCluster,
  type TestCluster,
  temporaryDirectory,
  untilSuiteEnds,
} from "../harness/cluster.ts";

const main = fileURLToPath(new URL("../../packages/cli/dist/main.js", import.meta.url));
const rows = 60;

interface Ended {
  readonly code: number | null;
  readonly out: string;
  readonly err: string;
}

interface Running {
  readonly child: ChildProcess;
  readonly ended: Promise<Ended>;
  out(): string;
}

function start(url: string, args: readonly string[]): Running {
  const child = spawn(process.execPath, [main, "batch", ...args], {
    env: { ...process.env, MUSTER_BASE_URL: url },
    stdio: ["ignore", "pipe", "pipe"],
  });
  onTestFinished(() => endProcess(child));
  const text = { out: "", err: "" };
  child.stdout?.setEncoding("utf8").on("data", (piece: string) => {
    text.out += piece;
  });
  child.stderr?.setEncoding("utf8").on("data", (piece: string) => {
    text.err += piece;
  });
  const ended = new Promise<Ended>((resolve) => {
    child.once("close", (code) => resolve({ code, ...text }));
  });
  return { child, ended, out: () => text.out };
}

/** A table whose answers take `waitMs` each; the stub says the words of the prompt again. */
function tableOf(waitMs: number): string {
  const lines = Array.from({ length: rows }, (_none, row) => `${row},"!wait:${waitMs} item ""${row}"""\n`);
  return `id,text\n${lines.join("")}`;
}

function answersOf(waitMs: number): string {
  const lines = Array.from({ length: rows }, (_none, row) => {
    const words = ["Say:", `!wait:${waitMs}`, "item", `"${row}"`].join(" ").replaceAll('"', '""');
    return `${row},"!wait:${waitMs} item ""${row}""","${words}",\r\n`;
  });
  return `id,text,answer,error\r\n${lines.join("")}`;
}

const ask = ["--prompt", "Say: {text}", "--max-tokens", "4", "--model", model];

describe("muster batch", () => {
  const atEnd = untilSuiteEnds();
  let cluster: TestCluster;

  beforeAll(async () => {
    cluster = await startCluster({}, atEnd);
    await cluster.worker("desk-1");
  });

  const batch = (...args: string[]) => start(cluster.url, args).ended;

  it("runs a table by a template, in its order, through Ctrl-C and back", async () => {
    const directory = await temporaryDirectory();
    const [input, output] = [join(directory, "in.csv"), join(directory, "out.csv")];
    await writeFile(input, tableOf(200));
    const run = ["run", input, ...ask, "-o", output];

    const first = start(cluster.url, [...run, "--json"]);
    await eventually(() => /"done":[1-9]/.test(first.out()));
    first.child.kill("SIGINT");
    const left = await first.ended;
    expect(left).toMatchObject({ code: 130, err: expect.stringContaining("goes on at the server") });
    const id = /muster batch results (batch_\w+) -o/.exec(left.err)?.[1] ?? "";
    expect((await readdir(directory)).sort()).toEqual(["in.csv", "out.csv.batch.json"]);

    const second = await batch(...run);
    expect(second).toMatchObject({ code: 0, out: "" });
    expect(second.err).toContain(`Back at batch ${id}`);
    expect(second.err).toMatch(new RegExp(`out\\.csv {2}${rows} answers, in `));
    expect(await readFile(output, "utf8")).toBe(answersOf(200));
    expect((await readdir(directory)).sort()).toEqual(["in.csv", "out.csv"]);
    const list = JSON.parse((await batch("ls", "--json")).out);
    expect(list.data.map((one: { id: string }) => one.id)).toEqual([id]);
  });

  it("has the other commands for a batch that is submitted and left", async () => {
    const directory = await temporaryDirectory();
    const [input, output] = [join(directory, "in.txt"), join(directory, "out.jsonl")];
    await writeFile(input, "!wait:50 one\n\n!refuse two\n!wait:50 three\n");
    const planned = await batch("plan", input, "--model", model, "--max-tokens", "2");
    expect(planned).toMatchObject({ code: 0, err: "" });
    expect(planned.out).toMatch(new RegExp(`${model} +3 `));

    const provenance = join(directory, "who.jsonl");
    const run = [
      "run",
      input,
      "--model",
      model,
      "--max-tokens",
      "2",
      "-o",
      output,
      "--provenance",
      provenance,
    ];
    const id = (await batch(...run, "--detach")).out.trim();
    expect((await batch("ls")).out).toContain(id);
    const whole = await batch(...run);
    expect(whole).toMatchObject({ code: 1, err: expect.stringContaining("2 answers, 1 line failed") });
    const ids = async (path: string) =>
      (await readFile(path, "utf8"))
        .trim()
        .split("\n")
        .map((line) => JSON.parse(line).custom_id);
    expect(await ids(output)).toEqual(["line-1", "line-3"]);
    expect(await ids(join(directory, "out.errors.jsonl"))).toEqual(["line-2"]);
    expect(await ids(provenance)).toContain("line-1");

    expect((await batch("show", id)).out).toMatch(/status +completed\n/);
    const results = await batch("results", id, "--format", "csv");
    expect(results.out).toMatch(
      /^custom_id,answer,error\r\nline-1,!wait:50 one,\r\nline-2,,invalid_request: /,
    );
    expect(await batch("cancel", id)).toMatchObject({
      code: 1,
      err: expect.stringContaining("completed already"),
    });
  });

  it("pauses, resumes and cancels, and still gives what was done", async () => {
    const directory = await temporaryDirectory();
    const [input, output] = [join(directory, "in.csv"), join(directory, "out.csv")];
    await writeFile(input, tableOf(30_000));
    const run = ["run", input, ...ask, "-o", output];
    const id = (await batch(...run, "--detach")).out.trim();
    expect((await batch("pause", id)).code).toBe(0);
    expect((await batch("show", id)).out).toMatch(/status +paused\n/);
    expect((await batch("resume", id)).out).toBe(`Batch ${id} goes on.\n`);
    expect((await batch("cancel", id)).code).toBe(0);
    const ended = await batch(...run);
    expect(ended).toMatchObject({ code: 1, err: expect.stringContaining(`Batch ${id} was cancelled.`) });
    expect((await readFile(output, "utf8")).match(/batch_cancelled/g)).toHaveLength(rows);
  });
});
