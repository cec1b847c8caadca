import { silentLog, systemClock } from "@muster/base";
import {
  createBullmqJobQueue,
  createRedisProvenReplicas,
  createRedisSessionStore,
  createRedisTokenBus,
  jobQueueContract,
  provenReplicasContract,
  sessionStoreContract,
  sha256,
  startSupervisedRedis,
  tokenBusContract,
} from "@muster/orchestrator/testing";
import { Redis } from "ioredis";
import { describe, expect, it, onTestFinished } from "vitest";
import { eventually, temporaryDirectory } from "../harness/cluster.ts";
import { startTestRedis, testRedis } from "../support/redis.ts";

let prefixes = 0;
const freshPrefix = () => `contract-${process.pid}-${++prefixes}`;

jobQueueContract("BullMQ", async () => {
  const { url } = await testRedis();
  const queue = createBullmqJobQueue({ address: url, prefix: freshPrefix(), log: silentLog });
  await eventually(() => queue.isUp());
  return queue;
});

const busPrefix = freshPrefix();
tokenBusContract("Redis", async (self) => {
  const { url } = await testRedis();
  const bus = createRedisTokenBus({
    address: url,
    prefix: busPrefix,
    self,
    log: silentLog,
    clock: systemClock,
  });
  const redis = new Redis(url);
  await eventually(async () => {
    const [, subscribers] = (await redis.pubsub("NUMSUB", `${busPrefix}:bus:${self}`)) as [string, number];
    return subscribers >= 1;
  });
  redis.disconnect();
  return bus;
});

provenReplicasContract("Redis", async () => {
  const { url } = await testRedis();
  return createRedisProvenReplicas({ address: url, prefix: freshPrefix(), digest: sha256, log: silentLog });
});

sessionStoreContract("Redis", async () => {
  const { url } = await testRedis();
  return { store: createRedisSessionStore({ address: url, prefix: freshPrefix(), log: silentLog }) };
});

describe("a job whose consumer died while it held it", () => {
  it("is reported as orphaned to another consumer, once, and not run again", async () => {
    const { url } = await testRedis();
    const prefix = freshPrefix();
    const lane = { model: "m", class: "interactive" as const };
    const redis = new Redis(url);
    onTestFinished(() => redis.disconnect());
    // What a killed consumer leaves: an active job whose lock is gone.
    const queue = createBullmqJobQueue({ address: url, prefix, log: silentLog });
    onTestFinished(() => queue.close());
    await eventually(() => queue.isUp());
    await queue.put(lane, { requestId: "req-lost", home: "orc-1" });
    const base = `${prefix}:m.interactive`;
    await redis.lmove(`${base}:wait`, `${base}:active`, "RIGHT", "LEFT");

    const orphaned: string[] = [];
    const run: string[] = [];
    const consumer = queue.consume(lane, {
      run: async (job) => void run.push(JSON.stringify(job)),
      orphaned: ({ requestId }) => orphaned.push(requestId),
    });
    consumer.setConcurrency(2);
    await eventually(() => orphaned.length > 0, 30_000);
    expect(orphaned).toEqual(["req-lost"]);
    expect(run).toEqual([]);
    expect(await redis.keys(`${base}:req-lost*`)).toEqual([]);
  });
});

describe("lanes on a Redis that is away", () => {
  const lane = { model: "m", class: "interactive" as const };

  it("refuse within two seconds, also the first request of a lane, and work as soon as it is back", async () => {
    const redis = await startTestRedis();
    onTestFinished(() => redis.stop());
    const queue = createBullmqJobQueue({ address: redis.url, prefix: freshPrefix(), log: silentLog });
    onTestFinished(() => queue.close());
    await eventually(() => queue.isUp());
    const probe = new Redis(redis.url);
    const pid = Number(/^process_id:(\d+)/m.exec(await probe.info("server"))?.[1]);
    probe.disconnect();
    onTestFinished(() => void process.kill(pid, "SIGCONT"));
    process.kill(pid, "SIGSTOP");
    const startedMs = performance.now();
    await expect(queue.put(lane, { requestId: "hung", home: "o" })).rejects.toMatchObject({
      code: "store_unavailable",
    });
    expect(performance.now() - startedMs).toBeLessThan(3_000);
    process.kill(pid, "SIGCONT");
    await eventually(async () => {
      const put = queue.put(lane, { requestId: "after", home: "o" });
      return put.then(
        () => true,
        () => false,
      );
    });
    expect(await queue.depth(lane)).toBeGreaterThanOrEqual(1);
  });

  it("can be closed", async () => {
    const redis = await startTestRedis();
    onTestFinished(() => redis.stop());
    const queue = createBullmqJobQueue({ address: redis.url, prefix: freshPrefix(), log: silentLog });
    await eventually(() => queue.isUp());
    const consumer = queue.consume(lane, { run: async () => {}, orphaned() {} });
    consumer.setConcurrency(1);
    await redis.kill("SIGKILL");
    await eventually(() => !queue.isUp());
    await queue.close();
  });
});

describe("the supervised Redis", () => {
  const start = async (directory: string) => {
    const server = await startSupervisedRedis({
      directory,
      executable: "redis-server",
      log: silentLog,
      random: () => 0,
    });
    onTestFinished(() => server.stop());
    return server;
  };

  it("listens on a socket of its user alone, keeps what it was given, and is started again when it dies", async () => {
    const directory = await temporaryDirectory();
    const server = await start(directory);
    const redis = new Redis(server.address, { maxRetriesPerRequest: null, retryStrategy: () => 50 });
    redis.on("error", () => {});
    onTestFinished(() => redis.disconnect());
    expect(await redis.config("GET", "port")).toEqual(["port", "0"]);
    expect(await redis.config("GET", "maxmemory-policy")).toEqual(["maxmemory-policy", "noeviction"]);
    await redis.set("kept", "yes");
    const pid = Number(/^process_id:(\d+)/m.exec(await redis.info("server"))?.[1]);
    await eventually(
      async () => Number(/^aof_pending_bio_fsync:(\d+)/m.exec(await redis.info("persistence"))?.[1]) === 0,
    );
    process.kill(pid, "SIGKILL");
    await eventually(async () => (await redis.get("kept").catch(() => undefined)) === "yes");
    expect(Number(/^process_id:(\d+)/m.exec(await redis.info("server"))?.[1])).not.toBe(pid);
  });

  it("refuses a data directory that another uses, and says so", async () => {
    const directory = await temporaryDirectory();
    await start(directory);
    await expect(start(directory)).rejects.toMatchObject({
      code: "store_unavailable",
      message: expect.stringContaining("--data-dir"),
    });
  });

  it("says what to do where there is no Redis", async () => {
    const directory = await temporaryDirectory();
    const missing = startSupervisedRedis({
      directory,
      executable: "/nonexistent/redis-server",
      log: silentLog,
      random: () => 0,
    });
    await expect(missing).rejects.toMatchObject({
      code: "store_unavailable",
      message: expect.stringContaining("muster doctor"),
    });
  });

  it("ends when the process that started it is killed", async () => {
    const directory = await temporaryDirectory();
    const { spawn } = await import("node:child_process");
    const { endProcess } = await import("../harness/cluster.ts");
    const script = `
      import("@muster/orchestrator/testing").then(async ({ startSupervisedRedis }) => {
        const log = { debug() {}, info() {}, warn() {}, error() {}, child: () => log };
        const server = await startSupervisedRedis({ directory: ${JSON.stringify(directory)}, executable: "redis-server", log, random: () => 0 });
        console.log(server.address);
      });`;
    const child = spawn(process.execPath, ["--input-type=module", "-e", script], {
      cwd: new URL("..", import.meta.url),
      stdio: ["ignore", "pipe", "inherit"],
    });
    onTestFinished(() => endProcess(child));
    const address = await new Promise<string>((resolve) => {
      child.stdout?.once("data", (chunk: Buffer) => resolve(chunk.toString().trim()));
    });
    const redis = new Redis(address, { retryStrategy: () => null });
    redis.on("error", () => {});
    const pid = Number(/^process_id:(\d+)/m.exec(await redis.info("server"))?.[1]);
    redis.disconnect();
    await endProcess(child, "SIGKILL");
    await eventually(() => {
      try {
        process.kill(pid, 0);
        return false;
      } catch {
        return true;
      }
    });
  });
});

/** A bus that listens, what it has heard, and a way to send it packets as another orchestrator would. */
async function listenForPackets() {
  const { url } = await testRedis();
  const prefix = freshPrefix();
  const to = createRedisTokenBus({
    address: url,
    prefix,
    self: "orc-to",
    log: silentLog,
    clock: systemClock,
  });
  onTestFinished(() => to.close());
  const seen: string[] = [];
  to.listen((message) => seen.push(message.kind === "cancel" ? message.requestId : message.kind));
  const redis = new Redis(url);
  onTestFinished(() => redis.disconnect());
  return {
    seen,
    packet: (number: number) =>
      JSON.stringify({ from: "orc-from", number, messages: [{ kind: "cancel", requestId: `n${number}` }] }),
    publish: (text: string) => redis.publish(`${prefix}:bus:orc-to`, text),
  };
}

describe("the bus over a Redis that goes away", () => {
  it("delivers what was said meanwhile when it is back, in order and once", async () => {
    const redis = await startTestRedis();
    onTestFinished(() => redis.stop());
    const open = (self: string) =>
      createRedisTokenBus({ address: redis.url, prefix: "gap", self, log: silentLog, clock: systemClock });
    const [from, to] = [open("orc-from"), open("orc-to")];
    onTestFinished(async () => {
      await Promise.all([from.close(), to.close()]);
    });
    const seen: string[] = [];
    to.listen((message) => seen.push(message.kind === "cancel" ? message.requestId : message.kind));
    const say = (requestId: string) => from.send("orc-to", { kind: "cancel", requestId });
    say("before");
    await eventually(() => seen.includes("before"));
    await redis.kill("SIGKILL");
    say("meanwhile");
    await redis.restart();
    say("after");
    await eventually(() => seen.includes("after"));
    expect(seen).toEqual(["before", "meanwhile", "after"]);
  });

  it("takes a packet that comes twice once, and no harm from one that cannot be read", async () => {
    const { seen, packet, publish } = await listenForPackets();
    await eventually(async () => (await publish(packet(0))) === 1);
    for (const text of [packet(0), "garbage", "[]", "null", packet(1), packet(1)]) await publish(text);
    await eventually(() => seen.includes("n1"));
    expect(seen).toEqual(["n0", "n1"]);
  });

  it("tells of a gap before what comes after it, where a packet was lost", async () => {
    const { seen, packet, publish } = await listenForPackets();
    await eventually(async () => (await publish(packet(0))) === 1);
    await publish(packet(2));
    await eventually(() => seen.includes("n2"));
    expect(seen).toEqual(["n0", "gap", "n2"]);
  });
});
