import { type GenerateRequest, silentLog } from "@muster/base";
import { createNodeLlamaCppEngine } from "@muster/worker";
import { closedLoop, median, post } from "./load.ts";
import { startBenchCluster } from "./processes.ts";

const atOnce = 8;
const maxTokens = 64;
const secondsPerRound = 12;
const rounds = 3;
const prompt = "Write a long story about a lighthouse.";

/** Tokens per second through the whole cluster, against the same adapter called directly: same file, same threads. */
export async function benchClusterAgainstEngine(
  modelPath: string,
  print: (row: string[]) => void,
): Promise<void> {
  const threads = 1;
  const bare: number[] = [];
  const through: number[] = [];
  for (let round = 0; round < rounds; round++) {
    bare.push(await bareRate(modelPath, threads));
    through.push(await clusterRate(modelPath, threads));
  }
  const ratios = through.map((rate, i) => rate / (bare[i] ?? Number.NaN));
  print(["bare engine, 8 at once", `${median(bare).toFixed(1)} tokens/s`, ""]);
  print(["through HTTP, Redis and gRPC, 8 at once", `${median(through).toFixed(1)} tokens/s`, ""]);
  print(["cluster against bare engine", `${median(ratios).toFixed(3)} x`, ">= 0.95 x"]);
}

async function bareRate(modelPath: string, threads: number): Promise<number> {
  const replica = await createNodeLlamaCppEngine({ log: silentLog }).load(
    { modelPath, slots: atOnce, contextTokens: 1024, threads, gpu: "off" },
    { signal: new AbortController().signal, onProgress() {} },
  );
  const request = (seed: number): GenerateRequest => ({
    task: "generate",
    prompt: { kind: "chat", messages: [{ role: "user", content: prompt }] },
    sampling: {
      temperature: 1,
      topK: 64,
      topP: 0.95,
      minP: 0,
      seed,
      frequencyPenalty: 0,
      presencePenalty: 0,
    },
    maxTokens,
    stop: [],
  });
  let tokens = 0;
  let seed = 0;
  const startedMs = performance.now();
  const untilMs = startedMs + secondsPerRound * 1000;
  await Promise.all(
    Array.from({ length: atOnce }, async () => {
      while (performance.now() < untilMs) {
        for await (const event of replica.infer(request(++seed), new AbortController().signal)) {
          if (event.kind === "end") tokens += event.usage.completionTokens;
        }
      }
    }),
  );
  const seconds = (performance.now() - startedMs) / 1000;
  await replica.close();
  return tokens / seconds;
}

async function clusterRate(modelPath: string, threads: number): Promise<number> {
  const cluster = await startBenchCluster([
    [
      modelPath,
      "--model-name",
      "m",
      "--slots",
      String(atOnce),
      "--threads",
      String(threads),
      "--context",
      "1024",
      "--cpu",
    ],
  ]);
  try {
    const startedMs = performance.now();
    let seed = 0;
    const { answers } = await closedLoop(atOnce, secondsPerRound, () =>
      post(`${cluster.url}/v1/chat/completions`, {
        model: "m",
        messages: [{ role: "user", content: prompt }],
        max_tokens: maxTokens,
        temperature: 1,
        top_k: 64,
        top_p: 0.95,
        seed: ++seed,
      }),
    );
    const seconds = (performance.now() - startedMs) / 1000;
    const tokens = answers.reduce((sum, answer) => {
      const { usage } = JSON.parse(answer.body) as { usage: { completion_tokens: number } };
      return sum + usage.completion_tokens;
    }, 0);
    return tokens / seconds;
  } finally {
    await cluster.stop();
  }
}
