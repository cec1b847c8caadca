import { silentLog } from "@muster/base";
import { createRedisQuota } from "@muster/orchestrator/testing";
import { type KeyLimits, Muster } from "@muster/sdk";
import { percentile, post } from "../load.ts";
import { startBenchCluster } from "../processes.ts";

const requests = 2_500;
const warmUp = 300;
const asks = 5_000;
const plenty = 1_000_000_000;
const minute: KeyLimits = {
  ...{ requests_per_minute: plenty, tokens_per_minute: plenty, tokens_per_month: plenty * 1_000 },
};

const kinds = ["free", "minute", "places"] as const;
type Kind = (typeof kinds)[number];
const labels = { minute: "requests, tokens and a month", places: "and places" };
const shares = [
  ["p10", 0.1],
  ["p50", 0.5],
  ["p99", 0.99],
] as const;

/** What the limits of a key add to a request: one orchestrator, asked with keys with and without them in turn, one at a time. */
export async function benchLimits(print: (row: string[]) => void): Promise<void> {
  const served = ["stub:m", "--model-name", "m", "--engine", "stub", "--slots", "4"];
  const cluster = await startBenchCluster([served], { MUSTER_PLACEMENT: "off" });
  try {
    const keys = await keysWithLimits(cluster.url);
    await untilServed(cluster.url, keys.free);
    const took: Record<Kind, number[]> = { free: [], minute: [], places: [] };
    for (let turn = 0; turn < warmUp + requests; turn++) {
      // Each goes first as often as the others.
      for (const [at] of kinds.entries()) {
        const kind = kinds[(at + turn) % kinds.length] ?? "free";
        const ms = await askOnce(`${cluster.url}/v1/chat/completions`, keys[kind]);
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
    await benchScripts(cluster.redisSocket, print);
  } finally {
    await cluster.stop();
  }
}

/** The first opens the service, and makes the others. */
async function keysWithLimits(url: string): Promise<Record<Kind, string>> {
  const { key: free } = await new Muster({ baseUrl: url, apiKey: "" }).keys.create({
    name: "free",
    scopes: ["admin"],
  });
  const muster = new Muster({ baseUrl: url, apiKey: free });
  const limited = async (name: string, limits: KeyLimits) =>
    (await muster.keys.create({ name, scopes: ["inference"], limits })).key;
  return {
    free,
    minute: await limited("minute", minute),
    places: await limited("places", { ...minute, concurrency: plenty }),
  };
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

async function untilServed(url: string, key: string): Promise<void> {
  const headers = { authorization: `Bearer ${key}` };
  for (;;) {
    const { data } = (await (await fetch(`${url}/v1/models`, { headers })).json()) as {
      data: readonly { slots: number }[];
    };
    if (data.some(({ slots }) => slots > 0)) return;
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
}

async function askOnce(chat: string, key: string): Promise<number> {
  const messages = [{ role: "user", content: "four words of text" }];
  const { status, totalMs, body } = await post(chat, { model: "m", messages, max_tokens: 1 }, key);
  if (status !== 200) throw new Error(`a request was answered with ${status}: ${body}`);
  return totalMs;
}
