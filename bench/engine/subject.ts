import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { createServer } from "node:net";
import { type GenerateRequest, type Log, type Sampling, silentLog } from "@muster/base";
import { createNodeLlamaCppEngine } from "@muster/worker";
import { post } from "../load.ts";

export interface SubjectOptions {
  readonly modelPath: string;
  readonly threads: number;
  readonly slots: number;
  readonly contextTokens: number;
}

export interface Ask {
  readonly prompt: string;
  readonly maxTokens: number;
  readonly seed: number;
}

/** Something that answers prompts: our engine, or llama-server. */
export interface Subject {
  readonly name: string;
  /** The process that computes. */
  readonly pid: number;
  /** Answers one prompt, and gives how many tokens the answer has. */
  ask(ask: Ask): Promise<number>;
  stop(): Promise<void>;
}

const sampling = { temperature: 1, topK: 64, topP: 0.95, minP: 0, frequencyPenalty: 0, presencePenalty: 0 };

/** Our adapter, called directly; `engineDirectory` is where a compiled engine may be. */
export async function startOurs(
  name: string,
  options: SubjectOptions & { readonly engineDirectory?: string },
): Promise<Subject> {
  let pid = 0;
  const log: Log = {
    ...silentLog,
    child: () => log,
    info(fields) {
      if (typeof fields["pid"] === "number") pid = fields["pid"];
    },
  };
  const { engineDirectory, ...spec } = options;
  const engine = createNodeLlamaCppEngine({ log, ...(engineDirectory !== undefined && { engineDirectory }) });
  const signal = new AbortController().signal;
  const replica = await engine.load({ ...spec, gpu: "off" }, { signal, onProgress() {} });
  return {
    name,
    pid,
    async ask({ prompt, maxTokens, seed }) {
      for await (const event of replica.infer(requestOf(prompt, maxTokens, { ...sampling, seed }), signal)) {
        if (event.kind === "end") return event.usage.completionTokens;
      }
      throw new Error(`${name} ended without an end`);
    },
    stop: () => replica.close(),
  };
}

function requestOf(text: string, maxTokens: number, given: Sampling): GenerateRequest {
  return { task: "generate", prompt: { kind: "text", text }, sampling: given, maxTokens, stop: [] };
}

/** llama.cpp's own server, with the same threads, slots and context per slot. */
export async function startLlamaServer(program: string, options: SubjectOptions): Promise<Subject> {
  const { modelPath, threads, slots, contextTokens } = options;
  const port = await freePort();
  const url = `http://127.0.0.1:${port}`;
  const child = spawn(
    program,
    [
      ...["--model", modelPath, "--host", "127.0.0.1", "--port", String(port), "--no-webui"],
      ...["--threads", String(threads), "--threads-batch", String(threads)],
      ...["--parallel", String(slots), "--ctx-size", String(contextTokens * slots)],
    ],
    { stdio: "ignore" },
  );
  await untilHealthy(url, child);
  return {
    name: "llama-server",
    pid: child.pid ?? 0,
    async ask({ prompt, maxTokens, seed }) {
      const answer = await post(`${url}/completion`, {
        prompt,
        n_predict: maxTokens,
        seed,
        temperature: sampling.temperature,
        top_k: sampling.topK,
        top_p: sampling.topP,
        min_p: sampling.minP,
        cache_prompt: true,
      });
      if (answer.status !== 200) throw new Error(`llama-server answered ${answer.status}: ${answer.body}`);
      return (JSON.parse(answer.body) as { tokens_predicted: number }).tokens_predicted;
    },
    async stop() {
      child.kill();
      if (child.exitCode === null && child.signalCode === null) await once(child, "exit");
    },
  };
}

async function untilHealthy(url: string, child: ChildProcess): Promise<void> {
  const untilMs = performance.now() + 60_000;
  while (performance.now() < untilMs) {
    if (child.exitCode !== null) throw new Error(`llama-server ended with code ${child.exitCode}`);
    const isHealthy = await fetch(`${url}/health`).then(
      ({ ok }) => ok,
      () => false,
    );
    if (isHealthy) return;
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  child.kill();
  throw new Error("llama-server did not become healthy within a minute");
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  server.close();
  await once(server, "close");
  if (address === null || typeof address === "string") throw new Error("no free port");
  return address.port;
}

/** CPU time of the process's main thread, which is where our JavaScript runs. Linux only. */
export function mainThreadMs(pid: number): number {
  return Number(readFileSync(`/proc/${pid}/task/${pid}/schedstat`, "utf8").split(" ")[0]) / 1e6;
}

export function residentBytes(pid: number): number {
  const [, kib = "0"] = /VmRSS:\s+(\d+) kB/.exec(readFileSync(`/proc/${pid}/status`, "utf8")) ?? [];
  return Number(kib) * 1024;
}
