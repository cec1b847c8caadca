import { type ChildProcess, spawn } from "node:child_process";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

const ownRoot = fileURLToPath(new URL("../../", import.meta.url));

/** An orchestrator and workers as processes of their own, as in an office. */
export interface BenchCluster {
  readonly url: string;
  /** `host:port` that workers dial. */
  readonly fleetAddress: string;
  readonly orchestratorPid: number;
  /** Of those that run now. */
  workerPids(): readonly number[];
  /** Of the orchestrator's own Redis. */
  readonly redisSocket: string;
  /** Starts one more worker and waits for it; the returned function has it finish and leave. */
  join(args: readonly string[], env?: Record<string, string>): Promise<() => Promise<void>>;
  stop(): Promise<void>;
}

/**
 * Starts an orchestrator and one worker per entry of `workers` (arguments of `muster worker`), and waits for them.
 * `root`: of another build, to be compared with.
 */
export async function startBenchCluster(
  workers: readonly (readonly string[])[],
  env: Record<string, string> = {},
  root = ownRoot,
): Promise<BenchCluster> {
  const main = join(root, "packages/cli/dist/main.js");
  const directory = await mkdtemp(join(tmpdir(), "muster-bench-"));
  const children: ChildProcess[] = [];
  const stop = async () => {
    for (const child of children.reverse()) await end(child);
    await rm(directory, { recursive: true, force: true });
  };
  const start = (args: readonly string[], more: Record<string, string> = {}) => {
    const child = spawn(process.execPath, [main, ...args, "--data-dir", directory, "--log-level", "error"], {
      env: { ...process.env, REDIS_URL: "", ...env, ...more },
      stdio: ["ignore", "pipe", "inherit"],
    });
    children.push(child);
    return child;
  };
  try {
    const orchestrator = start(["orchestrator", "--port", "0", "--fleet-port", "0"]);
    const [, url = "", fleet = ""] = await printed(
      orchestrator,
      /Clients: (\S+)\/v1\nWorkers: .*--join (\S+)\n/,
    );
    let started = 0;
    const joinOne = async (args: readonly string[], more?: Record<string, string>) => {
      const child = start(["worker", ...args, "--join", fleet, "--name", `bench-${started++}`], more);
      await printed(child, /Serving "/);
      return () => end(child);
    };
    await Promise.all(workers.map((args) => joinOne(args)));
    return {
      url,
      fleetAddress: fleet,
      orchestratorPid: orchestrator.pid ?? 0,
      workerPids: () =>
        children.flatMap((child) => (child === orchestrator || isOver(child) ? [] : [child.pid ?? 0])),
      redisSocket: `${directory}/redis/redis.sock`,
      join: joinOne,
      stop,
    };
  } catch (error) {
    await stop();
    throw error;
  }
}

/** Waits for what a process prints when it is there. */
function printed(child: ChildProcess, sign: RegExp): Promise<RegExpExecArray> {
  return new Promise((resolve, reject) => {
    let text = "";
    child.stdout?.on("data", (chunk: Buffer) => {
      text = (text + chunk.toString("utf8")).slice(-4_096);
      const found = sign.exec(text);
      if (found !== null) resolve(found);
    });
    child.once("exit", () => reject(new Error(`a process did not start: ${text}`)));
  });
}

async function end(child: ChildProcess): Promise<void> {
  if (isOver(child)) return;
  const gone = new Promise((resolve) => child.once("exit", resolve));
  child.kill("SIGTERM");
  await gone;
}

function isOver({ exitCode, signalCode }: ChildProcess): boolean {
  return exitCode !== null || signalCode !== null;
}
