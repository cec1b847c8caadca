import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync } from "node:fs";
import { dirname } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { Redis } from "ioredis";
import { afterEach, describe, expect, it, vi } from "vitest";
import { startTestRedis, testRedis } from "../support/redis.ts";
import { redisRoundTrip } from "../support/redis-round-trip.ts";

const connections: Redis[] = [];

function connect(url: string): Redis {
  const redis = new Redis(url, { retryStrategy: () => 20, maxRetriesPerRequest: null });
  redis.on("error", () => {});
  connections.push(redis);
  return redis;
}

afterEach(() => {
  for (const redis of connections.splice(0)) redis.disconnect();
});

/** Resolves when nothing takes connections at `url` any more. */
async function untilItIsGone(url: string): Promise<void> {
  const redis = new Redis(url, { retryStrategy: () => 20, lazyConnect: true });
  connections.push(redis);
  await new Promise<void>((resolve) => {
    redis.on("error", (error: NodeJS.ErrnoException) => {
      if (error.code === "ECONNREFUSED" || error.code === "ENOENT") resolve();
    });
    redis.on("ready", () => redis.disconnect(true));
    redis.connect().catch(() => {});
  });
}

describe("startTestRedis", () => {
  it("keeps its address and its data over a restart", async () => {
    const server = await startTestRedis();
    const redis = connect(server.url);
    await redis.set("kept", "yes");
    await server.restart();
    expect(await redis.get("kept")).toBe("yes");
    await server.stop();
  });

  it("keeps what it acknowledged when it is killed", async () => {
    const server = await startTestRedis();
    await connect(server.url).set("kept", "yes");
    await server.kill("SIGKILL");
    await untilItIsGone(server.url);
    await server.restart();
    expect(await connect(server.url).get("kept")).toBe("yes");
    await server.stop();
  });

  it("is private to the test and starts empty", async () => {
    const [one, other] = await Promise.all([startTestRedis(), startTestRedis()]);
    await connect(one.url).set("mine", "1");
    expect(await connect(other.url).dbsize()).toBe(0);
    await Promise.all([one.stop(), other.stop()]);
  });

  it("dumps what was written, deleted keys included", async () => {
    const server = await startTestRedis();
    const redis = connect(server.url);
    await redis.set("gone", "but-recorded");
    await redis.del("gone");
    expect(await server.dump()).toContain("but-recorded");
    await server.stop();
  });

  it("removes its directory when it is stopped", async () => {
    const server = await startTestRedis();
    await server.stop();
    expect(existsSync(server.socketPath)).toBe(false);
    await server.stop();
  });

  it("ends with the process that started it, even when that is killed", async () => {
    const support = fileURLToPath(new URL("../dist/support/redis-server.js", import.meta.url));
    const code = `import { startTestRedis } from ${JSON.stringify(support)};
      console.log((await startTestRedis()).url);`;
    const owner = spawn(process.execPath, ["--input-type=module", "-e", code], {
      stdio: ["ignore", "pipe", "inherit"],
    });
    const [url] = (await once(createInterface(owner.stdout), "line")) as [string];
    expect(await connect(url).ping()).toBe("PONG");
    owner.kill("SIGKILL");
    await untilItIsGone(url);
    await vi.waitUntil(() => !existsSync(dirname(url)));
  });
});

describe("testRedis", () => {
  it("carries a job to a worker and its result back", async () => {
    expect(await redisRoundTrip(connect((await testRedis()).url), "muster")).toBe("MUSTER");
  });

  it("is the same server for the whole file", async () => {
    const [one, other] = await Promise.all([testRedis(), testRedis()]);
    expect(other.url).toBe(one.url);
    expect(await connect(one.url).ping()).toBe("PONG");
  });
});
