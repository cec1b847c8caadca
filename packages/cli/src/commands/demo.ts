import { mkdtemp, rm } from "node:fs/promises";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createPinoLog, MusterError } from "@muster/base";
import { Muster, type Worker } from "@muster/sdk";
import { Command } from "commander";
import { chooseModel } from "../choose-model.ts";
import type { CommandIo } from "../command-io.ts";
import { demoPrompts, demoQuestion } from "../demo-prompts.ts";
import { formatBytes, formatRate } from "../format.ts";
import { runUntilSignal } from "../run-until-signal.ts";
import { integer } from "../service-options.ts";
import { renderTable } from "../table.ts";
import { startWorkerProcess, type WorkerProcess } from "../worker-process.ts";

interface DemoFlags {
  readonly keep?: boolean;
  readonly lines: number;
}

const workerCount = 2;
const slotsPerWorker = 4;
const contextTokens = 2_048;
const readyTimeoutMs = 120_000;
const pollMs = 150;

/** `muster demo`: the main job, on this machine, in a minute: two workers, a streamed answer, a small batch. */
export function demoCommand(io: CommandIo): Command {
  return new Command("demo")
    .description("show the main job here: two workers, a streamed answer, a batch spread over both")
    .option("--keep", "keep serving until Ctrl-C")
    .option("--lines <n>", "lines of the batch", integer(1, 1_000), 16)
    .action((flags: DemoFlags) => runDemo(io, flags));
}

async function runDemo(io: CommandIo, flags: DemoFlags): Promise<void> {
  const { loadOrchestratorConfig, startOrchestrator } = await import("@muster/orchestrator");
  const log = createPinoLog({ level: "error", service: "demo" });
  const say = (text: string) => io.stdout.write(`${text}\n`);
  const directory = await mkdtemp(join(tmpdir(), "muster-demo-"));
  const workers: WorkerProcess[] = [];
  const stops: (() => Promise<void>)[] = [() => rm(directory, { recursive: true, force: true })];
  const stop = async () => {
    for (let part = stops.pop(); part !== undefined; part = stops.pop()) await part();
  };
  const onSignal = () => {
    void stop().then(() => process.exit(130));
  };
  process.once("SIGINT", onSignal);
  process.once("SIGTERM", onSignal);
  try {
    const model = await chooseModel(io, { modelDirectory: undefined, log });
    say(`Model      ${model.says}`);

    const orchestrator = await startOrchestrator(
      loadOrchestratorConfig(
        {
          dataDirectory: directory,
          host: "127.0.0.1",
          port: (await isFree(11_500)) ? 11_500 : 0,
          fleetPort: (await isFree(11_501)) ? 11_501 : 0,
          apiKeys: [],
          drainMs: 5_000,
          redisPrefix: `muster-demo-${process.pid}`,
        },
        io.env,
      ),
      { log },
    );
    stops.push(() => orchestrator.stop());
    for (let i = 1; i <= workerCount; i++) {
      workers.push(
        startWorkerProcess({
          name: `desk-${i}`,
          args: [
            model.uri,
            ...(model.name === undefined ? [] : ["--model-name", model.name]),
            ...["--join", orchestrator.fleetAddress],
            ...["--slots", String(slotsPerWorker), "--context", String(contextTokens), "--threads", "1"],
          ],
          directory,
          env: io.env,
        }),
      );
    }
    stops.push(async () => {
      await Promise.all(workers.map((worker) => worker.stop()));
    });

    const muster = new Muster({ baseUrl: orchestrator.url });
    const fleet = await untilReady(muster, workers);
    say("");
    say(renderTable(fleetRows(fleet)));
    const served = fleet[0]?.replicas[0]?.model ?? "";
    await streamOne(io, muster, served);
    await runBatch(io, muster, { model: served, lines: flags.lines });
    say("");
    say(`API        ${orchestrator.url}/v1        (OpenAI-compatible)`);
    say(`Overview   ${orchestrator.url}/`);
    say(`Metrics    ${orchestrator.url}/metrics`);
    if (flags.keep) {
      say(`\nServing until Ctrl-C. In another terminal: npx muster chat "Hello" --url ${orchestrator.url}`);
      process.off("SIGINT", onSignal);
      process.off("SIGTERM", onSignal);
      await runUntilSignal(io, { stop });
    }
  } finally {
    process.off("SIGINT", onSignal);
    process.off("SIGTERM", onSignal);
    await stop();
  }
}

/** Polls until every worker serves; fails early with the log of one that has left. */
async function untilReady(muster: Muster, processes: readonly WorkerProcess[]): Promise<readonly Worker[]> {
  const untilMs = Date.now() + readyTimeoutMs;
  for (;;) {
    const { data } = await muster.workers.list();
    const failed = data.flatMap((worker) => worker.replicas).find((replica) => replica.error !== null);
    if (failed?.error) throw new MusterError("model_load_failed", failed.error);
    if (data.filter((worker) => worker.state === "ready").length === processes.length) return data;
    const gone = processes.find((process) => process.hasExited());
    if (gone !== undefined || Date.now() > untilMs) {
      const which = gone ?? processes[0];
      throw new MusterError(
        "worker_lost",
        `The worker "${which?.name}" did not get ready. Its log ends with:\n${which?.lastLog()}`,
      );
    }
    await new Promise((resolve) => setTimeout(resolve, pollMs));
  }
}

function fleetRows(fleet: readonly Worker[]): string[][] {
  const rows = fleet.map(({ name, hardware, replicas }) => {
    const slots = replicas.reduce((sum, replica) => sum + replica.slots, 0);
    const gpus = hardware.gpus.map((gpu) => `${gpu.name} ${formatBytes(gpu.vram_bytes)}`).join(", ");
    return [
      name,
      hardware.cpu_model,
      String(hardware.physical_cores),
      formatBytes(hardware.ram_bytes),
      gpus || "none",
      hardware.backend,
      String(slots),
    ];
  });
  return [["worker", "CPU", "cores", "RAM", "GPU", "backend", "slots"], ...rows];
}

async function streamOne(io: CommandIo, muster: Muster, model: string): Promise<void> {
  io.stdout.write(`\nYou        ${demoQuestion}\nAnswer     `);
  const startedMs = performance.now();
  let firstMs: number | undefined;
  let tokens = 0;
  let worker: string | undefined;
  const stream = await muster.chat.completions.create({
    model,
    messages: [{ role: "user", content: demoQuestion }],
    max_tokens: 96,
    temperature: 0,
    stream: true,
    stream_options: { include_usage: true },
  });
  for await (const chunk of stream) {
    const text = chunk.choices[0]?.delta.content;
    worker = chunk.system_fingerprint?.replace(/^muster-/, "") ?? worker;
    if (text) {
      firstMs ??= performance.now() - startedMs;
      io.stdout.write(text.replaceAll("\n", "\n           "));
    }
    tokens = chunk.usage?.completion_tokens ?? tokens;
  }
  const seconds = (performance.now() - startedMs) / 1000;
  io.stdout.write(
    `\n           (${worker ?? "?"}: first token after ${Math.round(firstMs ?? 0)} ms, ${formatRate(tokens / seconds)})\n`,
  );
}

async function runBatch(
  io: CommandIo,
  muster: Muster,
  batch: { readonly model: string; readonly lines: number },
): Promise<void> {
  const { model, lines } = batch;
  io.stdout.write(`\nBatch      ${lines} prompts over ${workerCount} workers x ${slotsPerWorker} slots\n\n`);
  const startedMs = performance.now();
  const answers = await Promise.all(
    demoPrompts(lines).map((content) =>
      muster.chat.completions.create({
        model,
        messages: [{ role: "user", content }],
        max_tokens: 48,
        service_tier: "flex",
      }),
    ),
  );
  const seconds = (performance.now() - startedMs) / 1000;
  const perWorker = new Map<string, { lines: number; tokens: number }>();
  for (const answer of answers) {
    const worker = answer.worker ?? "?";
    const sums = perWorker.get(worker) ?? { lines: 0, tokens: 0 };
    sums.lines += 1;
    sums.tokens += answer.usage?.completion_tokens ?? 0;
    perWorker.set(worker, sums);
  }
  const row = (name: string, sums: { lines: number; tokens: number }) => [
    name,
    String(sums.lines),
    String(sums.tokens),
    formatRate(sums.tokens / seconds),
  ];
  const rows = [...perWorker].sort().map(([name, sums]) => row(name, sums));
  const total = [...perWorker.values()].reduce(
    (sum, one) => ({ lines: sum.lines + one.lines, tokens: sum.tokens + one.tokens }),
    { lines: 0, tokens: 0 },
  );
  io.stdout.write(
    `${renderTable([["worker", "lines", "tokens", "speed"], ...rows, row("together", total)])}\n`,
  );
}

function isFree(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once("error", () => resolve(false));
    server.listen(port, "127.0.0.1", () => server.close(() => resolve(true)));
  });
}
