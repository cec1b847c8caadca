import { Agent, request } from "node:http";
import { Muster } from "@muster/sdk";
import { startBenchCluster } from "../processes.ts";

const asked = 3_000;
const rounds = 3;
const keyCount = 100;

/** What a key costs a request: the same question on the same connection, before there are keys and with them. */
export async function benchAccess(print: (row: string[]) => void): Promise<void> {
  const cluster = await startBenchCluster([]);
  const agent = new Agent({ keepAlive: true, maxSockets: 1 });
  try {
    const open = await medianOf(() => askAll(cluster.url, agent, undefined));
    const first = await new Muster({ baseUrl: cluster.url, apiKey: "" }).keys.create({
      name: "bench",
      scopes: ["admin"],
    });
    const muster = new Muster({ baseUrl: cluster.url, apiKey: first.key });
    for (let at = 1; at < keyCount; at++)
      await muster.keys.create({ name: `bench-${at}`, scopes: ["inference"] });
    const keyed = await medianOf(() => askAll(cluster.url, agent, first.key));
    print(["a request without keys, p50", `${open.toFixed(3)} ms`, ""]);
    print([`with one of ${keyCount} keys, p50`, `${keyed.toFixed(3)} ms`, ""]);
    print(["what authorisation adds, p50", `${(keyed - open).toFixed(3)} ms`, "<= 0.3 ms"]);
  } finally {
    agent.destroy();
    await cluster.stop();
  }
}

/** The median of one after the other. */
async function askAll(url: string, agent: Agent, key: string | undefined): Promise<number> {
  const times: number[] = [];
  for (let at = 0; at < asked; at++) {
    const before = performance.now();
    await ask(url, agent, key);
    times.push(performance.now() - before);
  }
  return times.sort((a, b) => a - b)[Math.floor(asked / 2)] ?? Number.NaN;
}

function ask(url: string, agent: Agent, key: string | undefined): Promise<void> {
  const headers = key === undefined ? {} : { authorization: `Bearer ${key}` };
  return new Promise((resolve, reject) => {
    request(`${url}/v1/models/none`, { agent, headers }, (response) =>
      response.resume().once("end", () => resolve()),
    )
      .once("error", reject)
      .end();
  });
}

async function medianOf(measure: () => Promise<number>): Promise<number> {
  const values: number[] = [];
  for (let round = 0; round < rounds; round++) values.push(await measure());
  return values.sort((a, b) => a - b)[Math.floor(rounds / 2)] ?? Number.NaN;
}
