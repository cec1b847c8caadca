import { type ChildProcess, spawn } from "node:child_process";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { silentLog } from "@muster/base";
import { createRedisQuota } from "@muster/orchestrator/testing";
import { percentile, post } from "../load.ts";

const cli = fileURLToPath(new URL("../../../packages/cli/dist/main.js", import.meta.url));
const requests = 2_500;
const warmUp = 300;
const asks = 5_000;

const kinds = ["free", "minute", "places"] as const;
type Kind = (typeof kinds)[number];
const labels = { minute: "requests, tokens and a month", places: "and places" };
const shares = [
  ["p10", 0.1],
  ["p50", 0.5],
  ["p99", 0.99],
] as const;

/** What the limits of a key add to a request: one orchestrator, asked with and without them in turn, one at a time. */
export async function benchLimits(print: (row: string[]) => void): Promise<void> {
  const directory = await mkdtemp(join(tmpdir(), "muster-bench-"));
  const children: ChildProcess[] = [];
  try {
    const main = fileURLToPath(new URL("orchestrator-main.js", import.meta.url));
    const orchestrator = start(children, [main, directory]);
    const [, url = "", fleet = "", redis = ""] = await printed(orchestrator, /ready (\S+) (\S+) (\S+)\n/);
    const served = ["stub:m", "--model-name", "m", "--engine", "stub", "--slots", "4"];
    const where = ["--join", fleet, "--name", "desk", "--data-dir", directory, "--log-level", "error"];
    await printed(start(children, [cli, "worker", ...served, ...where]), /Serving "/);

    await untilServed(url);
    const took: Record<Kind, number[]> = { free: [], minute: [], places: [] };
    for (let turn = 0; turn < warmUp + requests; turn++) {
      // Each goes first as often as the others.
      for (const [at] of kinds.entries()) {
        const kind = kinds[(at + turn) % kinds.length] ?? "free";
        const isSet = printed(orchestrator, new RegExp(`now ${kind}\\n`));
        orchestrator.stdin?.write(`${kind}\n`);
        await isSet;
        const ms = await askOnce(`${url}/v1/chat/completions`);
        if (turn >= warmUp) took[kind].push(ms);
      }
    }
    for (const [name, share] of shares) {
      const free = percentile(took.free, share);
      print([`a request without limits, ${name}`, `${free.toFixed(3)} ms`, ""]);
      for (const kind of ["minute", "places"] as const) {
        const added = percentile(took[kind], share) - free;
        print([`${labels[kind]} add, ${name}`, `${added.toFixed(3)} ms`, name === "p50" ? "<= 0.3 ms" : ""]);
      }
    }
    await benchScripts(redis, print);
  } finally {
    for (const child of children.reverse()) await end(child);
    await rm(directory, { recursive: true, force: true });
  }
}

/** The two calls of a request on their own. */
async function benchScripts(address: string, print: (row: string[]) => void): Promise<void> {
  const quota = createRedisQuota({ address, prefix: "bench", log: silentLog });
  const limits = { requestsPerMinute: 1e9, tokensPerMinute: 1e9, concurrency: 1e9 };
  const took = { admit: [] as number[], settle: [] as number[] };
  try {
    for (let at = 0; at < asks; at++) {
      const ask = { keyId: "k", leaseId: `lease-${at}`, tokens: 100, limits };
      const fromMs = performance.now();
      await quota.admit(ask);
      const admittedMs = performance.now();
      await quota.settle(ask, 50);
      took.admit.push(admittedMs - fromMs);
      took.settle.push(performance.now() - admittedMs);
    }
  } finally {
    await quota.close();
  }
  for (const call of ["admit", "settle"] as const)
    print([
      `${call} in Redis, p50 and p99`,
      `${percentile(took[call], 0.5).toFixed(3)} / ${percentile(took[call], 0.99).toFixed(3)} ms`,
      "",
    ]);
}

async function untilServed(url: string): Promise<void> {
  for (;;) {
    const { data } = (await (await fetch(`${url}/v1/models`)).json()) as {
      data: readonly { slots: number }[];
    };
    if (data.some(({ slots }) => slots > 0)) return;
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
}

async function askOnce(chat: string): Promise<number> {
  const messages = [{ role: "user", content: "four words of text" }];
  const { status, totalMs, body } = await post(chat, { model: "m", messages, max_tokens: 1 });
  if (status !== 200) throw new Error(`a request was answered with ${status}: ${body}`);
  return totalMs;
}

function start(children: ChildProcess[], args: readonly string[]): ChildProcess {
  const child = spawn(process.execPath, args, {
    env: { ...process.env, REDIS_URL: "" },
    stdio: ["pipe", "pipe", "inherit"],
  });
  children.push(child);
  return child;
}

function printed(child: ChildProcess, sign: RegExp): Promise<RegExpExecArray> {
  return new Promise((resolve, reject) => {
    let text = "";
    const leave = () => {
      child.stdout?.off("data", look);
      child.off("exit", gone);
    };
    const look = (chunk: Buffer) => {
      text = (text + chunk.toString("utf8")).slice(-4_096);
      const found = sign.exec(text);
      if (found === null) return;
      leave();
      resolve(found);
    };
    const gone = () => reject(new Error(`a process did not start: ${text}`));
    child.stdout?.on("data", look);
    child.once("exit", gone);
  });
}

async function end(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const gone = new Promise((resolve) => child.once("exit", resolve));
  child.kill("SIGTERM");
  await gone;
}
