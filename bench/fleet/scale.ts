import type { ChildProcess } from "node:child_process";
import { mkdtemp, rm } from "node:fs/promises";
import { cpus, tmpdir } from "node:os";
import { join } from "node:path";
import { closedLoop, openLoop, percentile, post, type Timed } from "../load.ts";
import { cpuSeconds, residentBytes } from "../process-usage.ts";
import { end, printed, start } from "./bench-process.ts";

const workers = 1_000;
const replicasPerWorker = 3;
const models = 100;
const swarms = 4;
const seconds = 30;
const idleMs = 10_000;

/**
 * One orchestrator with a thousand workers on connections of their own, and so many requests a second over all models. The
 * first token costs its worker nothing, so all of the time to it is added on the way. Workers, Redis and the load share
 * the machine with the orchestrator.
 */
export async function benchScale(requestsPerSecond: number, print: (row: string[]) => void): Promise<void> {
  const directory = await mkdtemp(join(tmpdir(), "muster-bench-"));
  const children: ChildProcess[] = [];
  try {
    const profile = process.env["MUSTER_BENCH_PROFILE"];
    const orchestrator = start(children, "orchestrator-main.js", [directory], {
      flags: profile === undefined ? [] : ["--cpu-prof", `--cpu-prof-dir=${profile}`],
    });
    const [, url = "", fleet = ""] = await printed(orchestrator, /ready (\S+) (\S+)\n/);
    const pid = orchestrator.pid ?? 0;
    const joinedFromMs = performance.now();
    const each = workers / swarms;
    await Promise.all(
      Array.from({ length: swarms }, (_none, swarm) => {
        const numbers = [swarm * each, each, replicasPerWorker, models].map(String);
        return printed(start(children, "swarm-main.js", [fleet, ...numbers]), /ready\n/);
      }),
    );
    print([`${workers} workers join`, `${((performance.now() - joinedFromMs) / 1_000).toFixed(1)} s`, ""]);

    let turn = 0;
    const send = () => {
      const model = `m${turn++ % models}`;
      const messages = [{ role: "user", content: "four words of text" }];
      return post(`${url}/v1/chat/completions`, { model, messages, max_tokens: 8, stream: true });
    };
    await untilServed(url);
    const idle = await cores(pid, () => new Promise((resolve) => setTimeout(resolve, idleMs)));
    print(["orchestrator, nobody asks", `${idle.cores.toFixed(2)} cores`, ""]);
    await closedLoop(8, 5, send);
    const fromSeconds = cpuSeconds(pid);
    const { cores: taken, result } = await cores(pid, () => openLoop(requestsPerSecond, seconds, send));
    report(result, print);
    print([`orchestrator, ${requestsPerSecond} requests/s`, `${taken.toFixed(2)} cores`, "<= 1 core"]);
    // Whoever else is on the machine takes time, but none of this.
    const requestMs = ((cpuSeconds(pid) - fromSeconds) * 1_000) / result.length;
    print(["orchestrator, processor time of a request", `${requestMs.toFixed(2)} ms`, ""]);
    print(["orchestrator, memory", `${(residentBytes(pid) / 2 ** 20).toFixed(0)} MiB`, "<= 1024 MiB"]);
    print(["of processors, shared with workers and load", `${cpus().length} cores`, ""]);
  } finally {
    for (const child of children.reverse()) await end(child);
    await rm(directory, { recursive: true, force: true });
  }
}

function report(answers: readonly Timed[], print: (row: string[]) => void): void {
  const failed = answers.filter(({ status }) => status !== 200).length;
  if (failed > 0) throw new Error(`${failed} of ${answers.length} requests failed`);
  const first = answers.map(({ firstMs }) => firstMs);
  print(["added to the first token, p50", `${percentile(first, 0.5).toFixed(2)} ms`, ""]);
  print(["added to the first token, p99", `${percentile(first, 0.99).toFixed(2)} ms`, "<= 30 ms"]);
}

async function cores<T>(pid: number, during: () => Promise<T>): Promise<{ cores: number; result: T }> {
  const fromSeconds = cpuSeconds(pid);
  const fromMs = performance.now();
  const result = await during();
  return { cores: ((cpuSeconds(pid) - fromSeconds) * 1_000) / (performance.now() - fromMs), result };
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
