import { pause, systemClock } from "@muster/base";
import { median, post } from "../load.ts";
import { type BenchCluster, startBenchCluster } from "../processes.ts";
import { create, until, upload } from "./batch-calls.ts";

const workers = 2;
const slots = 4;
const lines = 64;
const maxTokens = 48;
const lineBytes = 320;
const rounds = 3;
const comesAndGoesMs = 20_000;

/** Tokens a second of a real model: people asking back to back, a batch, and a batch whose second machine comes and goes. */
export async function benchRealModel(modelPath: string, print: (row: string[]) => void): Promise<void> {
  const worker = [
    ...[modelPath, "--model-name", "m", "--slots", String(slots)],
    ...["--threads", "1", "--context", "1024", "--cpu"],
  ];
  const asked: number[] = [];
  const batched: number[] = [];
  const restless: number[] = [];
  const steady = await startBenchCluster(Array(workers).fill(worker));
  try {
    for (let round = 0; round < rounds; round++) {
      asked.push(await askedRate(steady));
      batched.push(await batchRate(steady));
    }
  } finally {
    await steady.stop();
  }
  const changing = await startBenchCluster([worker]);
  try {
    restless.push(await withComingAndGoing(changing, worker, () => batchRate(changing)));
  } finally {
    await changing.stop();
  }
  const rate = (values: readonly number[]) => `${median(values).toFixed(1)} tokens/s`;
  const ratios = batched.map((value, i) => value / (asked[i] ?? Number.NaN));
  print(["people, back to back, 8 at once", rate(asked), ""]);
  print(["a batch on the same 8 slots", rate(batched), ""]);
  print(["batch against people", `${median(ratios).toFixed(3)} x`, ">= 0.95 x"]);
  print(["a batch while one of two comes and goes", rate(restless), ""]);
}

async function askedRate({ url }: BenchCluster): Promise<number> {
  let left = lines;
  let tokens = 0;
  const startMs = performance.now();
  await Promise.all(
    Array.from({ length: workers * slots }, async () => {
      while (left > 0) {
        const line = left--;
        const answer = await post(`${url}/v1/chat/completions`, {
          model: "m",
          messages: [{ role: "user", content: `${line} ${"word ".repeat((lineBytes - 220) / 5)}` }],
          max_tokens: maxTokens,
        });
        if (answer.status !== 200) throw new Error(`${answer.status}: ${answer.body}`);
        tokens += (JSON.parse(answer.body) as { usage: { completion_tokens: number } }).usage
          .completion_tokens;
      }
    }),
  );
  return (tokens * 1_000) / (performance.now() - startMs);
}

async function batchRate({ url }: BenchCluster): Promise<number> {
  const fileId = await upload(url, lines, { model: "m", maxTokens, bytes: lineBytes });
  const startMs = performance.now();
  const { id } = await create(url, fileId);
  const batch = await until(url, id, ({ status }) => status === "completed");
  if (batch.request_counts.completed !== lines)
    throw new Error(`${batch.request_counts.failed} lines failed`);
  return ((batch.usage?.output_tokens ?? 0) * 1_000) / (performance.now() - startMs);
}

async function withComingAndGoing<T>(
  cluster: BenchCluster,
  worker: readonly string[],
  task: () => Promise<T>,
): Promise<T> {
  const over = new AbortController();
  const changing = (async () => {
    while (!over.signal.aborted) {
      const leave = await cluster.join(worker);
      await pause(systemClock, comesAndGoesMs, over.signal);
      await leave();
    }
  })();
  try {
    return await task();
  } finally {
    over.abort();
    await changing;
  }
}
