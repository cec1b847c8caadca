import { type ChildProcess, spawn } from "node:child_process";
import { fileURLToPath } from "node:url";
import { afterAll, describe, expect, it, onTestFinished } from "vitest";
import { endProcess, eventually, temporaryDirectory } from "../harness/cluster.ts";
import { officeNetwork } from "../support/office-network.ts";
import { testRedis } from "../support/redis.ts";

const main = fileURLToPath(new URL("../../packages/cli/dist/main.js", import.meta.url));
const key = "a-key-of-the-office-0123";
const network = officeNetwork();
afterAll(() => network?.remove());

interface Running {
  readonly child: ChildProcess;
  readonly output: () => string;
  readonly exited: Promise<number | null>;
}

/** Runs a command on a machine of the office. */
function run(machine: 0 | 1, command: readonly string[], env: Record<string, string>): Running {
  const [program = "", ...args] = [...(network?.on(machine) ?? []), ...command];
  const child = spawn(program, args, { env: { ...process.env, ...env }, stdio: ["pipe", "pipe", "pipe"] });
  onTestFinished(() => endProcess(child, "SIGTERM"));
  let text = "";
  for (const stream of [child.stdout, child.stderr])
    stream.on("data", (chunk: Buffer) => {
      text += chunk.toString("utf8");
    });
  return { child, output: () => text, exited: new Promise((resolve) => child.once("exit", resolve)) };
}

async function startOrchestrator(env: Record<string, string> = {}): Promise<Running> {
  const orchestrator = run(
    0,
    [process.execPath, main, "orchestrator", "--host", "10.77.0.1", "--data-dir", await temporaryDirectory()],
    {
      REDIS_URL: (await testRedis()).url,
      MUSTER_REDIS_PREFIX: `discovery-${process.pid}-${Math.random()}`,
      MUSTER_API_KEYS: key,
      MUSTER_TLS: "off",
      ...env,
    },
  );
  await eventually(() => orchestrator.output().includes("Fleet port:"));
  return orchestrator;
}

function worker(directory: string, more: readonly string[] = []): readonly string[] {
  const models = ["stub:stub-model", "--engine", "stub", "--name", "desk", "--data-dir", directory];
  return [process.execPath, main, "worker", ...models, ...more];
}

const why = network === undefined ? " (skipped: network namespaces take root and ip)" : "";

describe.skipIf(network === undefined)(`a worker without an address, in an office network${why}`, () => {
  const env = { MUSTER_JOIN: "", MUSTER_MODEL: "" };

  it("finds the orchestrator by multicast DNS, tells it nothing, joins with an invitation, and finds back alone", async () => {
    await startOrchestrator();
    const directory = await temporaryDirectory();
    const first = run(1, worker(directory), env);
    expect(await first.exited).toBe(1);
    expect(first.output()).toMatch(
      /not joined. Found on the network:\n {2}Muster on .* at 10\.77\.0\.1:11501/,
    );

    const invite = run(
      0,
      [process.execPath, main, "workers", "invite", "--pool", "desks", "--url", "http://10.77.0.1:11500"],
      { MUSTER_API_KEY: key },
    );
    expect(await invite.exited).toBe(0);
    const line = /muster worker join (\S+)/.exec(invite.output())?.[1] ?? "";
    expect(line).toMatch(/^muster:\/\/10\.77\.0\.1:11501#/);
    const [program = "", cli = "", , ...flags] = worker(directory);
    const joining = run(1, [program, cli, "worker", "join", line, ...flags], env);
    await eventually(() => joining.output().includes('Connected to 10.77.0.1:11501 as "desk"'));
    await endProcess(joining.child, "SIGTERM");

    const later = run(1, worker(directory), env);
    await eventually(() => later.output().includes('Connected to 10.77.0.1:11501 as "desk"'));
  });

  it("is not told of an orchestrator that does not want to be found", async () => {
    await startOrchestrator({ MUSTER_DISCOVERY: "off" });
    const alone = run(1, worker(await temporaryDirectory()), env);
    await eventually(() => alone.output().includes("found none; waiting for one at 127.0.0.1:11501"));
  });
});
