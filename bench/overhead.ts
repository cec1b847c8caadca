import { closedLoop, median, openLoop, percentile, post } from "./load.ts";
import { startBenchCluster } from "./processes.ts";

const rounds = 3;

/** What the way through HTTP, Redis, gRPC and back costs, on an engine that answers at once. */
export async function benchOverhead(print: (row: string[]) => void): Promise<void> {
  const cluster = await startBenchCluster([
    ["stub:m", "--model-name", "m", "--engine", "stub", "--slots", "32"],
    ["stub:m", "--model-name", "m", "--engine", "stub", "--slots", "32"],
  ]);
  try {
    const chat = `${cluster.url}/v1/chat/completions`;
    const messages = [{ role: "user", content: "four words of text" }];
    const streamed = { model: "m", messages, max_tokens: 4, stream: true };
    const plain = { model: "m", messages, max_tokens: 4 };
    await closedLoop(16, 3, () => post(chat, plain));

    const p50: number[] = [];
    const p99: number[] = [];
    const rates: number[] = [];
    for (let round = 0; round < rounds; round++) {
      const answers = await openLoop(50, 10, () => post(chat, streamed));
      const first = answers.map((answer) => answer.firstMs);
      p50.push(percentile(first, 0.5));
      p99.push(percentile(first, 0.99));
      const load = await closedLoop(64, 8, () => post(chat, plain));
      const failed = load.answers.filter((answer) => answer.status !== 200).length;
      if (failed > 0) throw new Error(`${failed} of ${load.answers.length} requests failed`);
      rates.push(load.perSecond);
    }
    print(["time to first token, 50 requests/s, p50", `${median(p50).toFixed(2)} ms`, "<= 5 ms"]);
    print(["time to first token, 50 requests/s, p99", `${median(p99).toFixed(2)} ms`, "<= 20 ms"]);
    print(["plain requests at 64 at once", `${median(rates).toFixed(0)} /s`, ">= 300 /s"]);
  } finally {
    await cluster.stop();
  }
}
