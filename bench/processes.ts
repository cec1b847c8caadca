import { type ChildProcess, spawn } from "node:child_process";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

const main = fileURLToPath(new URL("../../packages/cli/dist/main.js", import.meta.url));

/** An orchestrator and workers as processes of their own, as in an office. */
export interface BenchCluster {
  readonly url: string;
  stop(): Promise<void>;
}

/** Starts an orchestrator and one worker per entry of `workers` (arguments of `muster worker`), and waits for them. */
export async function startBenchCluster(
  workers: readonly (readonly string[])[],
  env: Record<string, string> = {},
): Promise<BenchCluster> {
  const directory = await mkdtemp(join(tmpdir(), "muster-bench-"));
  const children: ChildProcess[] = [];
  const stop = async () => {
    for (const child of children.reverse()) {
      if (child.exitCode !== null) continue;
      const gone = new Promise((resolve) => child.once("exit", resolve));
      child.kill("SIGTERM");
      await gone;
    }
    await rm(directory, { recursive: true, force: true });
  };
  try {
    const orchestrator = spawn(
      process.execPath,
      [
        main,
        "orchestrator",
        "--port",
        "0",
        "--fleet-port",
        "0",
        "--data-dir",
        directory,
        "--log-level",
        "error",
      ],
      { env: { ...process.env, ...env }, stdio: ["ignore", "pipe", "inherit"] },
    );
    children.push(orchestrator);
    const { url, fleet } = await new Promise<{ url: string; fleet: string }>((resolve, reject) => {
      let text = "";
      orchestrator.stdout?.on("data", (chunk: Buffer) => {
        text += chunk.toString("utf8");
        const found = /Clients: (\S+)\/v1\nWorkers: .*--join (\S+)\n/.exec(text);
        if (found?.[1] !== undefined && found[2] !== undefined) resolve({ url: found[1], fleet: found[2] });
      });
      orchestrator.once("exit", () => reject(new Error(`the orchestrator did not start: ${text}`)));
    });
    workers.forEach((args, i) => {
      children.push(
        spawn(
          process.execPath,
          [
            main,
            "worker",
            ...args,
            "--join",
            fleet,
            "--name",
            `bench-${i}`,
            "--data-dir",
            directory,
            "--log-level",
            "error",
          ],
          { env: { ...process.env, ...env }, stdio: ["ignore", "ignore", "inherit"] },
        ),
      );
    });
    await untilReady(url, workers.length);
    return { url, stop };
  } catch (error) {
    await stop();
    throw error;
  }
}

async function untilReady(url: string, count: number): Promise<void> {
  for (let tries = 0; tries < 600; tries++) {
    const answer = (await (await fetch(`${url}/cluster/v1/workers`)).json()) as { data: { state: string }[] };
    if (answer.data.filter((worker) => worker.state === "ready").length === count) return;
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  throw new Error("the workers did not get ready");
}
