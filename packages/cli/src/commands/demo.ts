import { mkdtemp, rm } from "node:fs/promises";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createPinoLog, MusterError } from "@muster/base";
import { Muster, type Worker } from "@muster/sdk";
import { Command } from "commander";
import { type CommandIo, exitCodes } from "../command-io.ts";
import { knownPrompts, knownQuestion, openPrompts, openQuestion } from "../demo-prompts.ts";
import { answerInJson, callTool, fleetRows, runBatch, streamOne } from "../demo-scenes.ts";
import { runUntilSignal, stopSignals } from "../run-until-signal.ts";
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
const builtInUri = "builtin:tiny-gemma";
const builtInSays = "tiny-gemma, built in: it knows greetings, sums, capitals, and how to call a tool";
const readyTimeoutMs = 120_000;
const pollMs = 150;

/** `muster demo`: the main job, on this machine, in seconds and without a download: the model comes with Muster. */
export function demoCommand(io: CommandIo): Command {
  return new Command("demo")
    .description("show the main job here: two workers, answers, a tool call, a batch spread over both")
    .option("--keep", "keep serving until Ctrl-C")
    .option("--lines <n>", "lines of the batch", integer(1, 1_000), 48)
    .action((flags: DemoFlags) => runDemo(io, flags));
}

async function runDemo(io: CommandIo, flags: DemoFlags): Promise<void> {
  const { loadOrchestratorConfig, startOrchestrator } = await import("@muster/orchestrator");
  const log = createPinoLog({ level: "error", service: "demo" });
  const say = (text: string) => io.stdout.write(`${text}\n`);
  const directory = await mkdtemp(join(tmpdir(), "muster-demo-"));
  const workers: WorkerProcess[] = [];
  const stops: (() => Promise<void>)[] = [
    () => rm(directory, { recursive: true, force: true, maxRetries: 3 }),
  ];
  let stopping: Promise<void> | undefined;
  const stop = () => {
    stopping ??= (async () => {
      for (let part = stops.pop(); part !== undefined; part = stops.pop()) await part();
    })();
    return stopping;
  };
  const leave = () => {
    stop().then(
      () => process.exit(exitCodes.interrupted),
      () => process.exit(exitCodes.failure),
    );
  };
  for (const signal of stopSignals) process.once(signal, leave);
  // A reader that has seen enough, as in `muster demo | head`.
  io.stdout.once("error", leave);
  try {
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
    const named = io.env["MUSTER_MODEL"] || undefined;
    const uri = named ?? builtInUri;
    say(`Model      ${named === undefined ? builtInSays : `${shown(named)} (MUSTER_MODEL)`}`);
    const startDesk = (name: string) =>
      startWorkerProcess({
        name,
        args: [
          ...["--join", orchestrator.fleetAddress],
          ...["--slots", String(slotsPerWorker), "--context", String(contextTokens), "--threads", "1"],
        ],
        directory,
        env: { ...io.env, MUSTER_MODEL: uri },
      });
    for (let i = 1; i <= workerCount; i++) workers.push(startDesk(`desk-${i}`));
    stops.push(async () => {
      await Promise.all(workers.map((worker) => worker.stop()));
    });

    const muster = new Muster({ baseUrl: orchestrator.url });
    const fleet = await untilReady(muster, workers);
    say("");
    say(renderTable(fleetRows(fleet)));
    const served = fleet[0]?.replicas[0]?.model ?? "";
    const isBuiltIn = uri === builtInUri;
    await streamOne(io, muster, { model: served, question: isBuiltIn ? knownQuestion : openQuestion });
    if (isBuiltIn) {
      await callTool(io, muster, served);
      await answerInJson(io, muster, served);
    }
    const prompts = isBuiltIn ? knownPrompts(flags.lines) : openPrompts(flags.lines);
    const size = `${workerCount} workers x ${slotsPerWorker} slots`;
    const accident = async () => {
      const last = workers.pop();
      await last?.kill();
      const name = last?.name ?? "";
      workers.push(startDesk(name));
      return `${name} is killed, and started again,`;
    };
    await runBatch(io, muster, { model: served, prompts, fleet: size, accident });
    say("");
    if (isBuiltIn) say("For a real model: npx muster up (a small Gemma), or npx muster up <file or URI>");
    say(`API        ${orchestrator.url}/v1        (OpenAI-compatible)`);
    say(`Dashboard  ${orchestrator.url}/`);
    say(`Metrics    ${orchestrator.url}/metrics`);
    if (flags.keep) {
      say(`\nServing until Ctrl-C. In another terminal: npx muster chat "Hello" --url ${orchestrator.url}`);
      for (const signal of stopSignals) process.off(signal, leave);
      await runUntilSignal(io, { stop });
    }
  } finally {
    for (const signal of stopSignals) process.off(signal, leave);
    await stop();
  }
}

/** A URI's query or fragment may hold a key. */
function shown(uri: string): string {
  return uri.replace(/[?#].*$/s, "");
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

function isFree(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once("error", () => resolve(false));
    server.listen(port, "127.0.0.1", () => server.close(() => resolve(true)));
  });
}
