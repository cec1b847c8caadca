import { type BenchCluster, startBenchCluster } from "../processes.ts";
import { create, linesDone, until, upload } from "./batch-calls.ts";
import { watchResources } from "./resource-watch.ts";

const workers = 8;
const slots = 16;
const shape = { model: "m", maxTokens: 8, bytes: 1_024 };
const warmUpLines = 2_000;

/** How long a batch takes from the upload to the last line, and what it takes of memory, on engines that cost nothing. */
export async function benchThroughput(
  sizes: readonly number[],
  print: (row: string[]) => void,
): Promise<void> {
  for (const lines of sizes) {
    const stub = ["stub:m", "--model-name", "m", "--engine", "stub", "--slots", String(slots)];
    const cluster = await startBenchCluster(Array(workers).fill(stub), unlimited(lines));
    try {
      await runBatch(cluster, warmUpLines);
      await measure(cluster, lines, print);
    } finally {
      await cluster.stop();
    }
  }
}

async function measure(cluster: BenchCluster, lines: number, print: (row: string[]) => void): Promise<void> {
  const watch = await watchResources(cluster);
  const { acceptedMs, committedMs, completedMs } = await runBatch(cluster, lines);
  const { redisPeakBytes, orchestratorPeakBytes, orchestratorGrowthBytes, cpuSeconds } = await watch.stop();
  const name = `${lines} lines`;
  print([`${name}: upload and validation`, seconds(acceptedMs), ""]);
  print([`${name}: committed`, `${perSecond(lines, committedMs)} /s`, ">= 1500 /s"]);
  print([`${name}: accepted to completed`, seconds(committedMs + completedMs), ""]);
  // Whoever else is on the machine takes time, but none of this.
  for (const [part, taken] of Object.entries(cpuSeconds))
    print([`${name}: CPU of ${part} for 1000`, seconds((taken * 1_000 * 1_000) / lines), ""]);
  print([`${name}: Redis, peak`, mebibytes(redisPeakBytes), "<= 64 MiB"]);
  print([`${name}: orchestrator, peak`, mebibytes(orchestratorPeakBytes), ""]);
  print([`${name}: orchestrator, growth`, mebibytes(orchestratorGrowthBytes), "<= 150 MiB"]);
}

interface BatchTimes {
  readonly acceptedMs: number;
  /** From there to the last line. */
  readonly committedMs: number;
  /** From there to the files. */
  readonly completedMs: number;
}

async function runBatch({ url }: BenchCluster, lines: number): Promise<BatchTimes> {
  const startMs = performance.now();
  const { id } = await create(url, await upload(url, lines, shape));
  await until(url, id, ({ status }) => status !== "validating");
  const acceptedAtMs = performance.now();
  await until(url, id, (batch) => linesDone(batch) === lines);
  const committedAtMs = performance.now();
  const batch = await until(url, id, ({ status }) => status === "completed");
  if (batch.request_counts.completed !== lines)
    throw new Error(`${batch.request_counts.completed} of ${lines} lines were answered`);
  return {
    acceptedMs: acceptedAtMs - startMs,
    committedMs: committedAtMs - acceptedAtMs,
    completedMs: performance.now() - committedAtMs,
  };
}

/** OpenAI's limits are lower than what is measured here. */
function unlimited(lines: number): Record<string, string> {
  return {
    MUSTER_BATCH_MAX_LINES: String(Math.max(lines, 50_000)),
    MUSTER_BATCH_MAX_BYTES: String(2 * 1024 ** 3),
  };
}

function seconds(ms: number): string {
  return `${(ms / 1_000).toFixed(2)} s`;
}

function perSecond(count: number, ms: number): string {
  return ((count * 1_000) / ms).toFixed(0);
}

function mebibytes(bytes: number): string {
  return `${(bytes / 2 ** 20).toFixed(1)} MiB`;
}
