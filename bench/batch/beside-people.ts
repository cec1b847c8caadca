import { openLoop, percentile, post } from "../load.ts";
import { startBenchCluster } from "../processes.ts";
import { cancel, create, linesDone, until, upload } from "./batch-calls.ts";

const workers = 2;
const slots = 8;
const tokensPerSecond = 40;
const askedPerSecond = 10;
const seconds = 20;
const batchLines = 20_000;
const batchTokens = 64;
const answerTokens = 16;

/** What people wait for their first token, with nobody else there and while a batch has every slot. */
export async function benchBesidePeople(print: (row: string[]) => void): Promise<void> {
  const stub = ["stub:m", "--model-name", "m", "--engine", "stub", "--slots", String(slots)];
  const cluster = await startBenchCluster(Array(workers).fill(stub), {
    MUSTER_STUB_RATE: String(tokensPerSecond),
  });
  const { url } = cluster;
  const ask = () =>
    post(`${url}/v1/chat/completions`, {
      model: "m",
      messages: [{ role: "user", content: "four words of text" }],
      max_tokens: answerTokens,
      stream: true,
    });
  const firstTokens = async () => {
    const answers = await openLoop(askedPerSecond, seconds, ask);
    const failed = answers.filter(({ status }) => status !== 200).length;
    if (failed > 0) throw new Error(`${failed} of ${answers.length} requests failed`);
    return answers.map(({ firstMs }) => firstMs);
  };
  try {
    await firstTokens();
    const alone = await firstTokens();
    const shape = { model: "m", maxTokens: batchTokens, bytes: 512 };
    const { id } = await create(url, await upload(url, batchLines, shape));
    await until(url, id, (batch) => linesDone(batch) >= workers * slots);
    const beside = await firstTokens();
    await cancel(url, id);
    await until(url, id, ({ status }) => status === "cancelled");
    for (const [share, name] of [
      [0.5, "p50"],
      [0.99, "p99"],
    ] as const) {
      print([`first token, nobody else, ${name}`, `${percentile(alone, share).toFixed(1)} ms`, ""]);
      print([`first token, beside a full batch, ${name}`, `${percentile(beside, share).toFixed(1)} ms`, ""]);
    }
  } finally {
    await cluster.stop();
  }
}
