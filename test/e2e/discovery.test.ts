import { type ChildProcess, spawn } from "node:child_process";
import { fileURLToPath } from "node:url";
import { afterAll, describe, expect, it, onTestFinished } from "vitest";
import { endProcess, eventually, temporaryDirectory } from "../harness/cluster.ts";
import { officeNetwork } from "../support/office-network.ts";
import { testRedis } from "../support/redis.ts";

const main = fileURLToPath(new URL("../../packages/cli/dist/main.js", import.meta.url));
const token = "a-join-token-of-the-office";
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
      MUSTER_API_KEYS: "a-key-of-the-office-0123",
      MUSTER_TLS: "off",
      MUSTER_JOIN_TOKEN: token,
      ...env,
    },
  );
  await eventually(() => orchestrator.output().includes("Workers: muster worker --join"));
  return orchestrator;
}

function worker(directory: string, more: readonly string[] = []): readonly string[] {
  const models = ["stub:stub-model", "--engine", "stub", "--name", "desk", "--data-dir", directory];
  return [process.execPath, main, "worker", ...models, ...more];
}

/** With a terminal, as a person has it. */
function inTerminal(command: readonly string[]): readonly string[] {
  return ["script", "-qec", command.join(" "), "/dev/null"];
}

const why = network === undefined ? " (skipped: network namespaces take root and ip)" : "";

describe.skipIf(network === undefined)(`a worker without an address, in an office network${why}`, () => {
  const env = { MUSTER_JOIN: "", MUSTER_MODEL: "", MUSTER_JOIN_TOKEN: token };

  it("finds the orchestrator by multicast DNS, asks, joins, and joins again without asking", async () => {
    await startOrchestrator();
    const directory = await temporaryDirectory();
    const first = run(1, inTerminal(worker(directory)), env);
    await eventually(() => first.output().includes("[y/N]"));
    expect(first.output()).toMatch(
      /Found Muster on .* at 10\.77\.0\.1:11501, version .*, wants a join token/,
    );
    first.child.stdin?.write("y\n");
    await eventually(() => first.output().includes('Connected to 10.77.0.1:11501 as "desk"'));
    await endProcess(first.child, "SIGTERM");

    const second = run(1, worker(directory), env);
    await eventually(() => second.output().includes('Connected to 10.77.0.1:11501 as "desk"'));
    expect(second.output()).toContain("as agreed before");
    await endProcess(second.child, "SIGTERM");

    const third = run(1, worker(directory, ["--forget"]), env);
    expect(await third.exited).toBe(1);
    expect(third.output()).toContain("not joined. To join:\n  muster worker --join 10.77.0.1:11501");
  });

  it("is not told of an orchestrator that does not want to be found", async () => {
    await startOrchestrator({ MUSTER_DISCOVERY: "off" });
    const alone = run(1, worker(await temporaryDirectory()), env);
    await eventually(() => alone.output().includes("found none; waiting for one at 127.0.0.1:11501"));
  });
});
