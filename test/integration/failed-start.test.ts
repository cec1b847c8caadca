import { spawn } from "node:child_process";
import { once } from "node:events";
import { type AddressInfo, createServer } from "node:net";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { expect, it } from "vitest";
import { endProcess, temporaryDirectory, untilTestEnds } from "../harness/cluster.ts";
import { testRedis } from "../support/redis.ts";

const main = fileURLToPath(new URL("../../packages/cli/dist/main.js", import.meta.url));
const longestMs = 20_000;

it.each(["--fleet-port", "--port"])(
  "the process of an orchestrator ends where another program has its %s, and says so",
  async (flag) => {
    const other = createServer().listen(0, "127.0.0.1");
    untilTestEnds(() => new Promise((resolve) => other.close(resolve)));
    await once(other, "listening");
    const taken = (other.address() as AddressInfo).port;
    const ports = { "--port": 0, "--fleet-port": 0, [flag]: taken };
    const directory = await temporaryDirectory();
    const child = spawn(
      process.execPath,
      [
        ...[main, "orchestrator", "--redis-url", (await testRedis()).url],
        ...["--data-dir", join(directory, "data")],
        ...Object.entries(ports).flatMap(([name, port]) => [name, String(port)]),
      ],
      {
        stdio: ["ignore", "ignore", "pipe"],
        env: { ...process.env, MUSTER_REDIS_PREFIX: `taken-${process.pid}${flag}` },
      },
    );
    untilTestEnds(() => endProcess(child, "SIGKILL"));
    let words = "";
    child.stderr.on("data", (chunk: Buffer) => {
      words += chunk.toString("utf8");
    });
    const [code] = await once(child, "exit", { signal: AbortSignal.timeout(longestMs) });
    expect(code).toBe(1);
    expect(words).toMatch(new RegExp(`:${taken}: .*Choose another with ${flag}`));
  },
  40_000,
);
