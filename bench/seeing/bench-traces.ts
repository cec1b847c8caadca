import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { loadavg } from "node:os";
import { closedLoop, median, openLoop, percentile, post } from "../load.ts";
import { cpuSeconds } from "../process-usage.ts";
import { type BenchCluster, startBenchCluster } from "../processes.ts";

const rounds = 3;
/** A fixed number each time, so that what the processor took can be divided by it. */
const askedAtOnce = 300;
const concurrency = 16;
const waitSeconds = 3;
const waitPerSecond = 10;

interface Subject {
  readonly name: string;
  readonly cluster: BenchCluster;
  readonly rates: number[];
  readonly p50: number[];
  /** Of the orchestrator's process, for each request: says something on a busy machine as well. */
  readonly cpuMs: number[];
}

/**
 * What traces cost: off, all and 1 % of them, one after the other in each round. `--before=DIRECTORY` adds an earlier
 * build: the root of a repository that was built.
 */
export async function benchTraces(args: readonly string[], print: (row: string[]) => void): Promise<void> {
  const collector = await startSink();
  const endpoint = { OTEL_EXPORTER_OTLP_ENDPOINT: collector.url };
  const share = (ratio: string) => ({
    ...endpoint,
    ...{ OTEL_TRACES_SAMPLER: "traceidratio", OTEL_TRACES_SAMPLER_ARG: ratio },
  });
  const before = args.find((each) => each.startsWith("--before="))?.slice("--before=".length);
  const subjects: Subject[] = [];
  const add = async (name: string, env: Record<string, string>, root?: string) => {
    const workers = ["a", "b"].map(() => [
      "stub:m",
      "--model-name",
      "m",
      "--engine",
      "stub",
      "--slots",
      "32",
    ]);
    const cluster = await startBenchCluster(workers, env, root);
    subjects.push({ name, cluster, rates: [], p50: [], cpuMs: [] });
  };
  try {
    if (before !== undefined) await add("before", {}, before);
    await add("traces off", {});
    await add("1 % of traces", share("0.01"));
    await add("all traces", share("1"));
    for (const subject of subjects) await closedLoop(16, 2, () => ask(subject));
    for (let round = 0; round < rounds; round++) {
      // In turn, and each round from another one on: what warms up or tires favours none.
      for (let at = 0; at < subjects.length; at++) await measure(subjects[(at + round) % subjects.length]);
    }
    for (const { name, rates, p50, cpuMs } of subjects) {
      print([`${name}: CPU for each request`, `${median(cpuMs).toFixed(2)} ms`, rangeOf(cpuMs)]);
      print([
        `${name}: plain requests, ${concurrency} at once`,
        `${median(rates).toFixed(0)} /s`,
        rangeOf(rates),
      ]);
      print([
        `${name}: first token at ${waitPerSecond}/s, p50`,
        `${median(p50).toFixed(2)} ms`,
        rangeOf(p50),
      ]);
    }
    print(["spans that the collector got", String(collector.spans()), ""]);
    print(["load of the machine at the end", loadavg()[0]?.toFixed(1) ?? "", ""]);
  } finally {
    for (const { cluster } of subjects) await cluster.stop();
    collector.close();
  }
}

const messages = [{ role: "user", content: "four words of text" }];

function ask({ cluster }: Subject, more: Record<string, unknown> = {}) {
  return post(`${cluster.url}/v1/chat/completions`, { model: "m", messages, max_tokens: 4, ...more });
}

async function measure(subject: Subject | undefined): Promise<void> {
  if (subject === undefined) return;
  const { orchestratorPid } = subject.cluster;
  const [cpuBefore, beganMs] = [cpuSeconds(orchestratorPid), performance.now()];
  let left = askedAtOnce;
  await Promise.all(
    Array.from({ length: concurrency }, async () => {
      while (left-- > 0) {
        const { status } = await ask(subject);
        if (status !== 200) throw new Error(`${subject.name}: a request failed with ${status}`);
      }
    }),
  );
  subject.rates.push((askedAtOnce * 1_000) / (performance.now() - beganMs));
  subject.cpuMs.push(((cpuSeconds(orchestratorPid) - cpuBefore) * 1_000) / askedAtOnce);
  const streamed = await openLoop(waitPerSecond, waitSeconds, () => ask(subject, { stream: true }));
  subject.p50.push(
    percentile(
      streamed.map(({ firstMs }) => firstMs),
      0.5,
    ),
  );
}

function rangeOf(values: readonly number[]): string {
  const digits = Math.max(...values) < 100 ? 2 : 0;
  return `${Math.min(...values).toFixed(digits)} to ${Math.max(...values).toFixed(digits)}`;
}

/** A collector that counts what it gets and forgets it. */
async function startSink() {
  let spans = 0;
  const server: Server = createServer((request, response) => {
    let text = "";
    request.setEncoding("utf8");
    request.on("data", (chunk: string) => {
      text += chunk;
    });
    request.on("end", () => {
      spans += text.split('"spanId":').length - 1;
      response.writeHead(200, { "content-type": "application/json" }).end("{}");
    });
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    spans: () => spans,
    close() {
      server.closeAllConnections();
      server.close();
    },
  };
}
