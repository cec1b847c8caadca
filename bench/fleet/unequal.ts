import { create, linesDone, until, upload } from "../batch/batch-calls.ts";
import { median } from "../load.ts";
import { startBenchCluster } from "../processes.ts";

const rounds = 3;
const lines = 60;
const warmUpLines = 12;
const tokens = 20;
const rates = [20, 40] as const;

/** A batch on two workers, one of them twice as fast: how much longer it takes than if it were divided without a rest. */
export async function benchUnequal(print: (row: string[]) => void): Promise<void> {
  const stub = ["stub:m", "--model-name", "m", "--engine", "stub", "--slots", "1"];
  const cluster = await startBenchCluster([]);
  try {
    for (const rate of rates) await cluster.join(stub, { MUSTER_STUB_RATE: String(rate) });
    const together = rates.reduce((sum, rate) => sum + rate, 0);
    // The first token of a stub costs nothing.
    const idealMs = (lines * (tokens - 1) * 1_000) / together;
    await batchMs(cluster.url, warmUpLines);
    const ratios: number[] = [];
    for (let round = 0; round < rounds; round++) ratios.push((await batchMs(cluster.url, lines)) / idealMs);
    print([`${lines} lines on speeds 1 and 2, of the ideal`, median(ratios).toFixed(3), "<= 1.1"]);
  } finally {
    await cluster.stop();
  }
}

/** From accepted to the last line. */
async function batchMs(url: string, count: number): Promise<number> {
  const { id } = await create(url, await upload(url, count, { model: "m", maxTokens: tokens, bytes: 200 }));
  await until(url, id, ({ status }) => status !== "validating");
  const fromMs = performance.now();
  await until(url, id, (batch) => linesDone(batch) === count);
  return performance.now() - fromMs;
}
