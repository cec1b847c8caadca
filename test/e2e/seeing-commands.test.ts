import { spawn, spawnSync } from "node:child_process";
import { fileURLToPath } from "node:url";
import { describe, expect, it, onTestFinished } from "vitest";
import { chat, endProcess, eventually, startCluster, type TestCluster } from "../harness/cluster.ts";

const main = fileURLToPath(new URL("../../packages/cli/dist/main.js", import.meta.url));
const hasScript = spawnSync("script", ["--version"]).status === 0;

/** Runs a program with `muster` against a cluster; what is typed goes to it. */
function run(cluster: TestCluster, program: string, args: readonly string[]) {
  const child = spawn(program, args, {
    env: {
      ...process.env,
      ...{ MUSTER_BASE_URL: cluster.url, MUSTER_LOG: "error", COLUMNS: "120", TERM: "xterm-256color" },
    },
    stdio: ["pipe", "pipe", "pipe"],
  });
  onTestFinished(() => endProcess(child));
  const said = { out: "", err: "" };
  child.stdout.on("data", (chunk: Buffer) => {
    said.out += chunk.toString("utf8");
  });
  child.stderr.on("data", (chunk: Buffer) => {
    said.err += chunk.toString("utf8");
  });
  const exited = new Promise<number | null>((resolve) => child.once("close", resolve));
  return { said, child, exited, type: (keys: string) => child.stdin.write(keys) };
}

async function muster(cluster: TestCluster, ...args: string[]) {
  const { said, exited, child } = run(cluster, process.execPath, [main, ...args]);
  child.stdin.end();
  return { code: await exited, ...said };
}

async function startOffice(): Promise<TestCluster> {
  const cluster = await startCluster();
  await cluster.worker("desk-1");
  await cluster.worker("desk-2", { slots: 2 });
  await eventually(async () => (await cluster.workers()).every(({ state }) => state === "ready"));
  return cluster;
}

// Processes are started, on a machine that may have much to do.
describe("muster top", { timeout: 120_000 }, () => {
  it("prints one picture into a pipe, and events as JSON", async () => {
    const cluster = await startOffice();
    expect((await cluster.post("/v1/chat/completions", chat("hello"))).status).toBe(200);
    const once = await muster(cluster, "top", "--once");
    expect(once).toMatchObject({ code: 0, err: "" });
    expect(once.out).toMatch(/^muster \d+\.\d+\.\d+ {2}http:/);
    expect(once.out).toMatch(/^slots .* 0\/\d+/m);
    expect(once.out).toMatch(/^desk-1 +ready /m);
    expect(once.out).toMatch(/^desk-2 +ready .* 0\/2 /m);
    expect(once.out).not.toContain("\u001b");
    const json = await muster(cluster, "top", "--once", "--json");
    const kinds = json.out
      .trim()
      .split("\n")
      .map((line): string => JSON.parse(line).kind);
    expect(kinds.slice(0, 3)).toEqual(["hello", "now", "workers"]);
    expect(new Set(kinds)).toEqual(new Set(["hello", "now", "workers", "findings", "batches"]));
  });

  it("follows the cluster on a screen of any size, and leaves when it is told", async () => {
    const cluster = await startOffice();
    const top = run(cluster, process.execPath, [main, "top", "--size", "60x15"]);
    await eventually(() => top.said.out.includes("desk-2"));
    const [desk] = await cluster.workers();
    expect((await cluster.post(`/cluster/v1/workers/${desk?.id}/pause`, {})).status).toBe(202);
    await eventually(() => top.said.out.includes("paused"), 10_000);
    const rows = top.said.out.split("\u001b[").map((part) => Number(/^(\d+);1H/.exec(part)?.[1] ?? 0));
    expect(Math.max(...rows)).toBe(15);
    top.type("q");
    expect(await top.exited).toBe(0);
    expect(top.said.out.endsWith("\u001b[?25h\u001b[?1049l")).toBe(true);
  });

  for (const { how, code } of [
    { how: "q", code: 0 },
    { how: "\u0003", code: 130 },
  ]) {
    it.skipIf(!hasScript)(`gives a real terminal back after ${JSON.stringify(how)}`, async () => {
      const cluster = await startOffice();
      const command = `stty rows 24 cols 80; ${process.execPath} ${main} top; echo "ended with $?"; stty -a`;
      const top = run(cluster, "script", ["-qec", command, "/dev/null"]);
      await eventually(() => top.said.out.includes("desk-2"), 30_000);
      top.type(how);
      await top.exited;
      const after = top.said.out.slice(top.said.out.lastIndexOf("\u001b[?1049l"));
      expect(after).toContain(`ended with ${code}`);
      // What is typed is shown again, and lines end as they did.
      expect(after).toMatch(/[ \n]icanon/);
      expect(after).toMatch(/[ \n]echo /);
    });
  }
});

describe("muster doctor --cluster", { timeout: 120_000 }, () => {
  it("ends with 0 where nothing is wrong, and with 1 where somebody waits in vain", async () => {
    const cluster = await startOffice();
    const well = await muster(cluster, "doctor", "--cluster");
    expect(well).toMatchObject({ code: 0, err: "" });
    expect(well.out).toContain("✓ nothing is wrong: 2 workers, 1 model ready, ");
    for (const { id } of await cluster.workers()) await cluster.post(`/cluster/v1/workers/${id}/pause`, {});
    const leaving = new AbortController();
    const asked = cluster.post("/v1/chat/completions", chat("is anybody there?"), { signal: leaving.signal });
    await eventually(async () => {
      const findings = await (await fetch(`${cluster.url}/cluster/v1/findings`)).text();
      return findings.includes('"problem"');
    }, 60_000);
    const ill = await muster(cluster, "doctor", "--cluster");
    expect(ill).toMatchObject({ code: 1, err: "" });
    expect(ill.out).toMatch(/^✗ .*\n {2}→ /m);
    const json = await muster(cluster, "doctor", "--cluster", "--json");
    expect(json.code).toBe(1);
    expect(JSON.parse(json.out)).toContainEqual(expect.objectContaining({ severity: "problem" }));
    leaving.abort();
    await asked.catch(() => {});
  });
});

describe("muster workers pause and resume", { timeout: 120_000 }, () => {
  it("take a worker out, and let it lend again", async () => {
    const cluster = await startOffice();
    const stateOf = async (name: string) =>
      (await cluster.workers()).find((each) => each.name === name)?.state;
    const paused = await muster(cluster, "workers", "pause", "desk-2", "--for", "2h");
    expect(paused).toMatchObject({ code: 0, err: "" });
    expect(paused.out).toMatch(
      /^desk-2 lends nothing now\. Paused by an administrator until \w+ \d\d:\d\d\.$/m,
    );
    expect(await stateOf("desk-2")).toBe("away");
    const list = await muster(cluster, "workers");
    expect(list.out).toContain("desk-2 is not lent (paused): Paused by an administrator until");
    expect((await cluster.post("/v1/chat/completions", chat("hello"))).headers.get("x-muster-worker")).toBe(
      "desk-1",
    );
    expect((await muster(cluster, "workers", "resume", "desk-2")).code).toBe(0);
    await eventually(async () => (await stateOf("desk-2")) === "ready");
    expect(await muster(cluster, "workers", "pause", "nobody")).toMatchObject({
      code: 1,
      err: expect.stringContaining('No worker is called "nobody"'),
    });
  });
});

describe("muster logs", { timeout: 120_000 }, () => {
  it("shows what was said, of one source and of one request, and what comes", async () => {
    const cluster = await startOffice();
    const answered = await cluster.post("/v1/chat/completions", chat("hello"));
    const requestId = answered.headers.get("x-request-id") ?? "";
    const all = await muster(cluster, "logs");
    expect(all).toMatchObject({ code: 0, err: "" });
    expect(all.out).toMatch(/^\d\d:\d\d:\d\d\.\d{3} info {2}orchestrator worker joined .*worker=desk-1/m);
    // Workers send their lines a few at a time.
    let json = "";
    await eventually(async () => {
      json = (await muster(cluster, "logs", "desk-1", "--json", "--level", "debug")).out;
      return json !== "";
    });
    const lines = json
      .trim()
      .split("\n")
      .map((line): { source: string } => JSON.parse(line));
    expect(new Set(lines.map(({ source }) => source))).toEqual(new Set(["desk-1"]));
    const about = await muster(cluster, "logs", "--request", requestId, "--level", "debug", "--since", "10m");
    expect(about).toMatchObject({ code: 0, err: "" });
    const follow = run(cluster, process.execPath, [main, "logs", "orchestrator", "--follow"]);
    await eventually(() => follow.said.out.includes("worker joined"), 20_000);
    expect(follow.said.out).not.toContain("desk-3");
    await cluster.worker("desk-3");
    await eventually(() => /worker joined .*desk-3/.test(follow.said.out), 20_000);
    follow.child.kill("SIGINT");
    expect(await follow.exited).toBe(130);
  });
});
