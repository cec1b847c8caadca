import { type ChildProcess, spawn } from "node:child_process";
import { mkdtemp, rm } from "node:fs/promises";
import { loadavg, tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { end, printed, start } from "../fleet/bench-process.ts";
import { closedLoop, median, percentile, post } from "../load.ts";
import { cpuSeconds } from "../process-usage.ts";
import { countingAlone } from "./counting-alone.ts";
import type { Asked } from "./metrics-gate.ts";
import { scrapeAlone } from "./scrape-alone.ts";

const rounds = 7;
const atOnce = 24;
const seconds = 5;
/** What the processor time of a request is set against. */
const perSecond = 300;
const fewWorkers = 20;
const manyWorkers = 1_000;
const replicasPerWorker = 2;
const models = 20;
const swarms = 2;
const scrapes = 9;
/** Beats are 5 s apart: by then each worker has told all that it tells. */
const beatenMs = 8_000;

type Print = (row: string[]) => void;

const parts = ["counting", "scrape"] as const;

/** `npm run bench -- metrics [counting] [scrape]`: what it costs to count while requests are answered, and to scrape a large fleet. */
export async function benchMetrics(args: readonly string[], print: Print): Promise<void> {
  const named = parts.filter((part) => args.includes(part));
  const runs = (part: (typeof parts)[number]) => named.length === 0 || named.includes(part);
  if (runs("counting")) {
    const alone = countingAlone();
    print(["what is counted of a streamed request, alone", `${alone.toFixed(2)} µs`, ""]);
    await within(fewWorkers, (running) => benchCounting(running, { alone, print }));
  }
  if (runs("scrape")) {
    await benchScrapeAlone(print);
    await within(manyWorkers, (running) => benchScrape(running, print));
  }
  print(["load of this machine (1 minute)", (loadavg()[0] ?? 0).toFixed(1), ""]);
}

interface Running {
  readonly url: string;
  readonly pid: number;
  ask(kind: Asked["kind"]): Promise<number>;
}

/** In one process, in turn with and without: what else is on the machine hits both. */
async function benchCounting(
  { url, pid, ask }: Running,
  { alone, print }: { readonly alone: number; readonly print: Print },
): Promise<void> {
  let turn = 0;
  const send = () => {
    const messages = [{ role: "user", content: "four words of text" }];
    const body = { model: `m${turn++ % models}`, messages, max_tokens: 8, stream: true };
    return post(`${url}/v1/chat/completions`, body);
  };
  const requestMs = async (kind: Asked["kind"]) => {
    await ask(kind);
    const fromSeconds = cpuSeconds(pid);
    const { answers } = await closedLoop(atOnce, seconds, send);
    const failed = answers.filter(({ status }) => status !== 200).length;
    if (failed > 0) throw new Error(`${failed} of ${answers.length} requests failed`);
    return ((cpuSeconds(pid) - fromSeconds) * 1_000) / answers.length;
  };
  await closedLoop(atOnce, 10, send);
  const [on, off, costs]: [number[], number[], number[]] = [[], [], []];
  for (let round = 0; round < rounds; round++) {
    // Neither is always the first.
    const isOnFirst = round % 2 === 0;
    const first = await requestMs(isOnFirst ? "metrics-on" : "metrics-off");
    const second = await requestMs(isOnFirst ? "metrics-off" : "metrics-on");
    const [withThem, without] = isOnFirst ? [first, second] : [second, first];
    on.push(withThem);
    off.push(without);
    costs.push((withThem / without - 1) * 100);
  }
  await ask("metrics-on");
  print(["processor time of a streamed request, counted", `${median(on).toFixed(3)} ms`, ""]);
  print(["the same, not counted", `${median(off).toFixed(3)} ms`, ""]);
  const coreShare = (median(on) * perSecond) / 10;
  print(["what is counted alone, of that", `${(alone / median(on) / 10).toFixed(2)} %`, "<= 2 %"]);
  print([`orchestrator, of a core at ${perSecond} requests/s`, `${coreShare.toFixed(0)} %`, ""]);
  print(["what counting costs, median of pairs", `${median(costs).toFixed(1)} %`, ""]);
  print([
    "the same, least and most of pairs",
    `${Math.min(...costs).toFixed(1)} to ${Math.max(...costs).toFixed(1)} %`,
    "",
  ]);
}

async function benchScrapeAlone(print: Print): Promise<void> {
  const { wallMs, cpuMs, blockMs, bytes } = await scrapeAlone(manyWorkers, replicasPerWorker);
  print([`scrape of ${manyWorkers} workers, nothing else done`, `${wallMs.toFixed(0)} ms`, "<= 300 ms"]);
  print(["its processor time", `${cpuMs.toFixed(0)} ms`, ""]);
  print(["its size", `${(bytes / 1e6).toFixed(2)} MB`, "<= 5 MB"]);
  print(["longest block of the event loop", `${blockMs.toFixed(0)} ms`, ""]);
}

async function benchScrape({ url, pid, ask }: Running, print: Print): Promise<void> {
  await new Promise((resolve) => setTimeout(resolve, beatenMs));
  const took: number[] = [];
  const cpu: number[] = [];
  const blocks: number[] = [];
  let bytes = 0;
  let lines = 0;
  for (let at = 0; at < scrapes; at++) {
    await ask("watch");
    const [fromMs, fromSeconds] = [performance.now(), cpuSeconds(pid)];
    const text = await (await fetch(`${url}/metrics`)).text();
    took.push(performance.now() - fromMs);
    cpu.push((cpuSeconds(pid) - fromSeconds) * 1_000);
    blocks.push(await ask("longest-block"));
    const here = text.match(/^muster_worker_up\{.*\} 1$/gm)?.length ?? 0;
    if (here < manyWorkers) throw new Error(`only ${here} of ${manyWorkers} workers are still there`);
    bytes = Buffer.byteLength(text);
    lines = text.split("\n").length;
    await new Promise((resolve) => setTimeout(resolve, 500));
  }
  const ms = (values: readonly number[]) => `${median(values).toFixed(0)} ms`;
  print([`scrape of ${manyWorkers} workers, median of ${scrapes}`, ms(took), "<= 300 ms"]);
  print(["the longest of them", `${percentile(took, 1).toFixed(0)} ms`, ""]);
  print(["its processor time", ms(cpu), ""]);
  print(["its size", `${(bytes / 1e6).toFixed(2)} MB`, "<= 5 MB"]);
  print(["its lines", String(lines), ""]);
  print(["longest block of the event loop, median", ms(blocks), ""]);
}

async function within(workers: number, run: (running: Running) => Promise<void>): Promise<void> {
  const directory = await mkdtemp(join(tmpdir(), "muster-bench-"));
  const children: ChildProcess[] = [];
  try {
    const path = fileURLToPath(new URL("metrics-main.js", import.meta.url));
    const profile = process.env["MUSTER_BENCH_PROFILE"];
    const flags = profile === undefined ? [] : ["--cpu-prof", `--cpu-prof-dir=${profile}`];
    const orchestrator = spawn(process.execPath, [...flags, path, directory], {
      env: { ...process.env, REDIS_URL: "" },
      stdio: ["ignore", "pipe", "inherit", "ipc"],
    });
    children.push(orchestrator);
    const [, url = "", fleet = ""] = await printed(orchestrator, /ready (\S+) (\S+)\n/);
    const each = workers / swarms;
    await Promise.all(
      Array.from({ length: swarms }, (_none, swarm) => {
        const numbers = [swarm * each, each, replicasPerWorker, models].map(String);
        return printed(start(children, "../fleet/swarm-main.js", [fleet, ...numbers]), /ready\n/);
      }),
    );
    await untilServed(url);
    const ask = (kind: Asked["kind"]) =>
      new Promise<number>((resolve) => {
        orchestrator.once("message", (answer) => resolve(Number(answer)));
        orchestrator.send({ kind } satisfies Asked);
      });
    await run({ url, pid: orchestrator.pid ?? 0, ask });
  } finally {
    for (const child of children.reverse()) await end(child);
    await rm(directory, { recursive: true, force: true });
  }
}

/** All replicas are reported by then, and all lanes open. */
async function untilServed(url: string): Promise<void> {
  for (;;) {
    const { data } = (await (await fetch(`${url}/v1/models`)).json()) as {
      data: readonly { readonly id: string; readonly slots: number }[];
    };
    if (data.filter(({ id, slots }) => /^m\d+$/.test(id) && slots > 0).length === models) return;
    await new Promise((resolve) => setTimeout(resolve, 200));
  }
}
