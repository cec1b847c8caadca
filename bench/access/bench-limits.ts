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
  ["p50", 0.5],
  ["p99", 0.99],
] as const;

interface Side {
  readonly chat: string;
  readonly redis: string;
}

/** What the limits of a key add to a request: orchestrators alike but for them, asked in turn, one at a time. */
export async function benchLimits(print: (row: string[]) => void): Promise<void> {
  const directory = await mkdtemp(join(tmpdir(), "muster-bench-"));
  const children: ChildProcess[] = [];
  try {
    const sides = new Map<Kind, Side & { readonly took: number[] }>();
    for (const kind of kinds)
      sides.set(kind, { ...(await startSide(children, join(directory, kind), kind)), took: [] });
    for (let turn = -warmUp; turn < requests; turn++) {
      // Each goes first as often as the others.
      const order = kinds.map((_kind, at) => kinds[(at + turn + warmUp) % kinds.length] ?? "free");
      for (const kind of order) {
        const side = sides.get(kind);
        if (side === undefined) continue;
        const ms = await askOnce(side);
        if (turn >= 0) side.took.push(ms);
      }
    }
    for (const [name, share] of shares) {
      const free = percentile(sides.get("free")?.took ?? [], share);
      print([`a request without limits, ${name}`, `${free.toFixed(3)} ms`, ""]);
      for (const kind of ["minute", "places"] as const) {
        const added = percentile(sides.get(kind)?.took ?? [], share) - free;
        print([`${labels[kind]} add, ${name}`, `${added.toFixed(3)} ms`, name === "p50" ? "<= 0.3 ms" : ""]);
      }
    }
    await benchScripts(sides.get("free")?.redis ?? "", print);
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

async function askOnce({ chat }: Side): Promise<number> {
  const messages = [{ role: "user", content: "four words of text" }];
  const { status, totalMs } = await post(chat, { model: "m", messages, max_tokens: 1 });
  if (status !== 200) throw new Error(`a request was answered with ${status}`);
  return totalMs;
}

async function startSide(children: ChildProcess[], directory: string, kind: string): Promise<Side> {
  const main = fileURLToPath(new URL("orchestrator-main.js", import.meta.url));
  const orchestrator = start(children, [main, directory, kind]);
  const [, url = "", fleet = "", redis = ""] = await printed(orchestrator, /ready (\S+) (\S+) (\S+)\n/);
  const served = ["stub:m", "--model-name", "m", "--engine", "stub", "--slots", "4"];
  const where = ["--join", fleet, "--name", kind, "--data-dir", directory, "--log-level", "error"];
  await printed(start(children, [cli, "worker", ...served, ...where]), /Serving "/);
  return { chat: `${url}/v1/chat/completions`, redis };
}

function start(children: ChildProcess[], args: readonly string[]): ChildProcess {
  const child = spawn(process.execPath, args, {
    env: { ...process.env, REDIS_URL: "" },
    stdio: ["ignore", "pipe", "inherit"],
  });
  children.push(child);
  return child;
}

function printed(child: ChildProcess, sign: RegExp): Promise<RegExpExecArray> {
  return new Promise((resolve, reject) => {
    let text = "";
    child.stdout?.on("data", (chunk: Buffer) => {
      text = (text + chunk.toString("utf8")).slice(-4_096);
      const found = sign.exec(text);
      if (found !== null) resolve(found);
    });
    child.once("exit", () => reject(new Error(`a process did not start: ${text}`)));
  });
}

async function end(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const gone = new Promise((resolve) => child.once("exit", resolve));
  child.kill("SIGTERM");
  await gone;
}
