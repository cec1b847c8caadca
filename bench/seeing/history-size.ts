import { mkdtemp, rm } from "node:fs/promises";
import { connect } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Lifecycle, silentLog } from "@muster/base";
import {
  createRedisHistory,
  readHistory,
  type Sample,
  sampleText,
  startSupervisedRedis,
} from "@muster/orchestrator/testing";
import { median } from "../load.ts";

const models = 5;
const spans = { fine: 10_000, middle: 60_000, coarse: 600_000 };
const kept = { fine: 86_400_000, middle: 86_400_000, coarse: 30 * 86_400_000 };
const writesAtOnce = 200;
const reads = 5;
const waits = 200;
const mb = 1_000_000;

/** How large the history of five models grows, and how long it takes to read a day and a month of it. */
export async function benchHistory(print: (row: string[]) => void): Promise<void> {
  const directory = await mkdtemp(join(tmpdir(), "muster-bench-"));
  const lifecycle = new Lifecycle(silentLog);
  try {
    const socket = await startRedis(directory, lifecycle);
    const nowMs = Date.now();
    let atMs = nowMs;
    const store = createRedisHistory({
      ...{ address: socket, prefix: "bench", self: "orc-00000000-0000-4000-8000-000000000000" },
      ...{ log: silentLog, wallMs: () => atMs },
    });
    lifecycle.onStop("history", () => store.close());
    // Until it is connected.
    for await (const _none of store.read("fine", { sinceMs: 0, untilMs: 1 }));
    let total = 0;
    for (const resolution of ["fine", "middle", "coarse"] as const) {
      const count = kept[resolution] / spans[resolution];
      for (let first = 0; first < count; first += writesAtOnce) {
        const writes: Promise<void>[] = [];
        for (let at = first; at < Math.min(count, first + writesAtOnce); at++) {
          atMs = nowMs - kept[resolution] + (at + 1) * spans[resolution];
          writes.push(store.add(resolution, sampleOf(at, spans[resolution])));
        }
        await Promise.all(writes);
      }
      const bytes = await memoryOf(socket, `bench:history:${resolution}`);
      total += bytes;
      const each = Math.round(bytes / count);
      print([`${resolution}: ${count} samples of ${models} models`, `${(bytes / mb).toFixed(2)} MB`, ""]);
      print([`${resolution}: a sample`, `${each} bytes`, `${sampleText(sampleOf(7, 1)).length} as text`]);
    }
    print(["in all, for each orchestrator", `${(total / mb).toFixed(2)} MB`, "< 10 MB"]);
    atMs = nowMs;
    for (const [name, ms] of [
      ["an hour", 3_600_000],
      ["a day", 86_400_000],
      ["a month", 30 * 86_400_000],
    ] as const) {
      const took: number[] = [];
      const cpuMs: number[] = [];
      let longestMs = 0;
      for (let read = 0; read < reads; read++) {
        const watch = watchLoop();
        const fromMs = performance.now();
        const from = process.cpuUsage();
        await readHistory(
          { store, spans, wallMs: () => nowMs },
          { sinceMs: nowMs - ms, untilMs: nowMs, points: 300 },
        );
        const { user, system } = process.cpuUsage(from);
        cpuMs.push((user + system) / 1_000);
        took.push(performance.now() - fromMs);
        longestMs = Math.max(longestMs, watch());
      }
      const pause = `longest pause ${longestMs.toFixed(0)} ms`;
      print([`reading ${name} in 300 steps`, `${median(took).toFixed(0)} ms`, pause]);
      print([`reading ${name}, processor time`, `${median(cpuMs).toFixed(0)} ms`, ""]);
    }
    const adds: number[] = [];
    for (let at = 0; at < waits; at++) {
      atMs = nowMs + at;
      const fromMs = performance.now();
      await store.add("fine", sampleOf(at, spans.fine));
      adds.push(performance.now() - fromMs);
    }
    print(["adding a sample", `${median(adds).toFixed(2)} ms`, ""]);
  } finally {
    await lifecycle.stop();
    await rm(directory, { recursive: true, force: true });
  }
}

async function startRedis(directory: string, lifecycle: Lifecycle): Promise<string> {
  const redis = await startSupervisedRedis({
    ...{ directory, executable: "redis-server", log: silentLog, random: Math.random },
  });
  lifecycle.onStop("redis", () => redis.stop());
  return redis.address;
}

/** A busy office by day: five models, each with some requests in ten seconds. */
function sampleOf(at: number, ms: number): Sample {
  const noise = (salt: number) => ((at * 7_919 + salt * 104_729) % 1_000) / 1_000;
  const named = Array.from(
    { length: models },
    (_none, model): [string, Sample["models"] extends ReadonlyMap<string, infer M> ? M : never] => [
      `gemma-4-model-${model}-it`,
      {
        promptTokens: Math.round(9_000 * noise(model)),
        cachedTokens: Math.round(4_000 * noise(model + 1)),
        generatedTokens: Math.round(2_000 * noise(model + 2)),
        requests: Math.round(20 * noise(model + 3)),
        failures: 0,
        running: 8 * noise(model + 4),
        waiting: 3 * noise(model + 5),
        linesLeft: 0,
        oldestWaitMs: Math.round(900 * noise(model + 6)),
        firstTokens: new Map(
          Array.from({ length: 8 }, (_, bucket) => [50 + bucket * 2, 1 + Math.round(3 * noise(bucket))]),
        ),
      },
    ],
  );
  return {
    ms,
    models: new Map(named),
    fleet: {
      workers: { ready: 40 + noise(1), away: 12, joining: 1 },
      ...{
        slots: 160,
        slotsUsed: 60 * noise(2),
        vramBytes: 40 * 24e9,
        oursBytes: 3e11,
        othersBytes: 1e10 * noise(3),
      },
      ...{ utilizationSum: 40 * noise(4), gpusTelling: 40, watts: 9_000 * noise(5), wattsTelling: 40 },
    },
  };
}

/** The longest time in which nothing else had its turn. */
function watchLoop(): () => number {
  let longestMs = 0;
  let lastMs = performance.now();
  const look = () => {
    const nowMs = performance.now();
    longestMs = Math.max(longestMs, nowMs - lastMs);
    lastMs = nowMs;
    next = setImmediate(look);
  };
  let next = setImmediate(look);
  return () => {
    clearImmediate(next);
    return longestMs;
  };
}

function memoryOf(socket: string, key: string): Promise<number> {
  return new Promise((resolve, reject) => {
    const connection = connect(socket, () => connection.write(`MEMORY USAGE ${key} SAMPLES 0\r\n`));
    connection.on("error", reject);
    connection.on("data", (answer) => {
      connection.destroy();
      resolve(Number(answer.toString().slice(1).trim()));
    });
  });
}
