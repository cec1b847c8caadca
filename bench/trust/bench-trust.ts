import type { ChildProcess } from "node:child_process";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { cpus, tmpdir } from "node:os";
import { join } from "node:path";
import { joinFleet } from "@muster/worker";
import { end, printed, start } from "../fleet/bench-process.ts";
import { openLoop, percentile, post, type Timed } from "../load.ts";
import { cpuSeconds } from "../process-usage.ts";

const workers = 1_000;
const swarms = 4;
const models = 10;
const invitesAtOnce = 100;
const joinsAtOnce = 4;
const handshakeSeconds = 10;
const handshakeRows = 16;
const requestsPerSecond = 20;
const reconnectSeconds = 45;

/**
 * What certificates cost: handshakes while requests are answered, and a thousand workers that lose their orchestrator and
 * find it again. Workers, Redis and the load share the machine with the orchestrator.
 */
export async function benchTrust(print: (row: string[]) => void): Promise<void> {
  const directory = await mkdtemp(join(tmpdir(), "muster-bench-"));
  const children: ChildProcess[] = [];
  try {
    const first = await startOrchestrator(children, directory, "0");
    const joinedFromMs = performance.now();
    const file = join(directory, "identities.json");
    await writeFile(file, JSON.stringify(await joinAll(first.url, directory)), { mode: 0o600 });
    const joinsPerSecond = (workers * 1_000) / (performance.now() - joinedFromMs);
    print([`joins, of ${workers}`, `${joinsPerSecond.toFixed(0)} /s`, ""]);
    const { pid = 0 } = first.child;
    print(["orchestrator, processor time of a join", perPiece(cpuSeconds(pid), workers), ""]);

    const back = countWelcomes();
    for (const swarm of startSwarms(children, first.fleet, file)) back.listen(swarm);
    await back.until(workers);
    await untilServed(first.url);

    const alone = await cpuDuring(pid, () =>
      openLoop(requestsPerSecond, handshakeSeconds, () => ask(first.url)),
    );
    const fromSeconds = cpuSeconds(pid);
    const serving = openLoop(requestsPerSecond, handshakeSeconds, () => ask(first.url));
    const shaking = start(children, "../trust/handshakes-main.js", [
      ...[first.fleet, file, String(handshakeSeconds), String(handshakeRows)],
    ]);
    const [, count = "0", tookMs = "1"] = await printed(shaking, /handshakes (\d+) (\S+)\n/);
    const perSecond = (Number(count) * 1_000) / Number(tookMs);
    print(["mTLS handshakes, while serving", `${perSecond.toFixed(0)} /s`, ">= 150 /s"]);
    // Whoever else is on the machine takes time, but none of this.
    const shakingSeconds = cpuSeconds(pid) - fromSeconds - alone.cpu;
    print([
      "orchestrator, processor time of a handshake",
      perPiece(shakingSeconds, Number(count)),
      "<= 6.7 ms",
    ]);
    report(`first token, ${requestsPerSecond} requests/s alone`, alone.result, print);
    report(`first token, ${requestsPerSecond} requests/s meanwhile`, await serving, print);

    back.forget();
    await end(first.child, "SIGKILL");
    const killedMs = Date.now();
    const second = await startOrchestrator(children, directory, first.fleet.split(":").at(-1) ?? "");
    const readyMs = Date.now();
    const meanwhile = openLoop(requestsPerSecond, reconnectSeconds, () => ask(second.url));
    await back.until(workers);
    const returned = cpuSeconds(second.child.pid ?? 0);
    const times = back.times().map((ms) => ms - readyMs);
    print(["orchestrator, from its end to ready again", seconds(readyMs - killedMs), ""]);
    print([`${workers} workers back, 99 %`, seconds(Math.max(0, percentile(times, 0.99))), ""]);
    print([`${workers} workers back, the last`, seconds(Math.max(...times)), "<= 30 s"]);
    print(["orchestrator, processor time of all of it", seconds(returned * 1_000), ""]);
    report(`first token, ${requestsPerSecond} requests/s meanwhile`, await meanwhile, print);
    print(["of processors, shared with workers and load", `${cpus().length} cores`, ""]);
  } finally {
    for (const child of children.reverse()) await end(child);
    await rm(directory, { recursive: true, force: true });
  }
}

async function startOrchestrator(children: ChildProcess[], directory: string, port: string) {
  const profile = process.env["MUSTER_BENCH_PROFILE"];
  const flags = profile === undefined ? [] : ["--cpu-prof", `--cpu-prof-dir=${profile}`];
  const child = start(children, "orchestrator-main.js", [directory, port, "on"], { flags });
  const [, url = "", fleet = ""] = await printed(child, /ready (\S+) (\S+)\n/);
  return { child, url, fleet };
}

/** By the way that every worker takes. */
async function joinAll(url: string, directory: string): Promise<readonly unknown[]> {
  const lines: string[] = [];
  while (lines.length < workers) {
    const { body } = await post(`${url}/cluster/v1/invites`, { pool: "bench", count: invitesAtOnce });
    lines.push(...(JSON.parse(body) as { data: { url: string }[] }).data.map((one) => one.url));
  }
  const identities: unknown[] = [];
  const join1 = async (line: string) => {
    const dataDirectory = join(directory, "desks");
    const { name } = await joinFleet(line, { dataDirectory, name: "desk" });
    identities.push(
      JSON.parse(await readFile(join(dataDirectory, "identity", name, "identity.json"), "utf8")),
    );
  };
  await Promise.all(
    Array.from({ length: joinsAtOnce }, async () => {
      for (let line = lines.pop(); line !== undefined; line = lines.pop()) await join1(line);
    }),
  );
  return identities;
}

function startSwarms(children: ChildProcess[], fleet: string, file: string): readonly ChildProcess[] {
  const each = workers / swarms;
  return Array.from({ length: swarms }, (_none, swarm) =>
    start(children, "swarm-main.js", [fleet, ...[swarm * each, each, 1, models].map(String), file]),
  );
}

/** When each worker was let in. */
function countWelcomes() {
  let times: number[] = [];
  let wake: () => void = () => {};
  return {
    listen(swarm: ChildProcess) {
      let rest = "";
      swarm.stdout?.on("data", (chunk: Buffer) => {
        const lines = (rest + chunk.toString("utf8")).split("\n");
        rest = lines.pop() ?? "";
        for (const line of lines) if (line.startsWith("in ")) times.push(Number(line.slice(3)));
        wake();
      });
    },
    forget() {
      times = [];
    },
    times: () => times,
    async until(count: number) {
      while (times.length < count)
        await new Promise<void>((resolve) => {
          wake = resolve;
        });
    },
  };
}

let turn = 0;
function ask(url: string): Promise<Timed> {
  const messages = [{ role: "user", content: "four words of text" }];
  const body = { model: `m${turn++ % models}`, messages, max_tokens: 8, stream: true };
  return post(`${url}/v1/chat/completions`, body);
}

async function untilServed(url: string): Promise<void> {
  for (;;) {
    const { status } = await ask(url);
    if (status === 200) return;
    await new Promise((resolve) => setTimeout(resolve, 200));
  }
}

/** Right after a start nobody serves a model yet: such answers are counted, and are no part of the times. */
function report(what: string, answers: readonly Timed[], print: (row: string[]) => void): void {
  const right = answers.filter(({ status }) => status === 200).map(({ firstMs }) => firstMs);
  const refused = answers.length - right.length;
  print([`${what}, p50`, `${percentile(right, 0.5).toFixed(1)} ms`, ""]);
  print([`${what}, p99`, `${percentile(right, 0.99).toFixed(1)} ms`, ""]);
  if (refused > 0) print(["of them refused, since nobody served yet", `${refused} of ${answers.length}`, ""]);
}

async function cpuDuring<T>(pid: number, during: () => Promise<T>): Promise<{ cpu: number; result: T }> {
  const fromSeconds = cpuSeconds(pid);
  const result = await during();
  return { cpu: cpuSeconds(pid) - fromSeconds, result };
}

function perPiece(cpu: number, count: number): string {
  return `${((cpu * 1_000) / count).toFixed(2)} ms`;
}

function seconds(ms: number): string {
  return `${(ms / 1_000).toFixed(1)} s`;
}
