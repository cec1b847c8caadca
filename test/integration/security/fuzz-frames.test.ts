import { once } from "node:events";
import { type ClientHttp2Session, type ClientHttp2Stream, connect } from "node:http2";
import { connect as connectTcp } from "node:net";
import { loadFleet, type WorkerMessage } from "@muster/proto";
import { describe, expect, it } from "vitest";
import { chat, eventually, model, startCluster, type TestCluster } from "../../harness/cluster.ts";
import { HandWorker } from "../../harness/hand-worker.ts";
import { heapInUse } from "../../harness/heap.ts";
import { createRandom, type Random } from "../../harness/random.ts";

const seed = 20_261_129;
const streams = 600;
const atOnce = 8;
/** That one stream may take. */
const longestMs = 5_000;
const growthBytes = 32 * 1024 * 1024;
/** As gRPC frames a message: whether it is compressed, and its length. */
const headBytes = 5;

const { requestSerialize } = loadFleet().service.Connect;
const serialized = (message: WorkerMessage) => requestSerialize(message);

function framed(message: Buffer, announced = message.length, flag = 0): Buffer {
  const head = Buffer.alloc(headBytes);
  head.writeUInt8(flag, 0);
  head.writeUInt32BE(announced, 1);
  return Buffer.concat([head, message]);
}

const hello = (workerId: string, more: object = {}): WorkerMessage => ({
  hello: { minProtocol: 1, maxProtocol: 1, workerId, name: workerId, ...more },
});
const many = <T>(count: number, make: (at: number) => T) =>
  Array.from({ length: count }, (_none, at) => make(at));
const report = {
  replicaId: "rep-1",
  model: "other",
  state: "STATE_READY",
  slots: 1,
  contextTokens: 512,
} as const;

/** What a worker may say, each of it odd in a way of its own. The name of the healthy worker is taken. */
const messages = (random: Random): readonly (() => WorkerMessage)[] => [
  () => hello("odd"),
  () => hello("stays"),
  () => hello("../../etc"),
  () => hello(""),
  () => hello("x".repeat(100_000)),
  () => hello("odd", { minProtocol: 99, maxProtocol: 0 }),
  () => hello("odd", { labels: Object.fromEntries(many(5_000, (at) => [`l${at}`, "v"])) }),
  () =>
    hello("odd", {
      running: many(10_000, (at) => ({ attemptId: `a-${at}`, epoch: at, replicaId: "rep-1" })),
    }),
  () => hello("odd", { name: "\u202e\u200b\ud800\u001b[2J", version: "\u0000".repeat(1_000) }),
  () => hello("odd", { hardware: { gpus: many(10_000, () => ({ name: "g", vramBytes: 1.8e19 })) } }),
  () => ({
    heartbeat: { sequence: 2 ** 53 - 1, attemptIds: many(10_000, (at) => `x#${at}`), cpuLoad: Number.NaN },
  }),
  () => ({ heartbeat: { sequence: 1, gpus: many(5_000, () => ({ freeVramBytes: 1.8e19, watts: -1 })) } }),
  () => ({ replica: report }),
  () => ({ replica: { ...report, replicaId: `rep-${random.below(10_000)}`, slots: 0xffff_ffff } }),
  () => ({ replica: { ...report, model: "\u0000\u202e", capabilities: many(5_000, (at) => `c${at}`) } }),
  () => ({ replica: { ...report, state: "STATE_UNSPECIFIED" } }),
  () => ({ output: { attemptId: "nobody's", epoch: 0xffff_ffff, sequence: 0xffff_ffff, text: "x" } }),
  () => ({ end: { attemptId: "nobody's", epoch: 1, outcome: "OUTCOME_STOP" } }),
  () => ({
    end: { attemptId: `batch_${"0".repeat(32)}.0.1.0.1`, epoch: 1, outcome: "OUTCOME_STOP", whole: true },
  }),
  () => ({
    end: { attemptId: `batch_${"0".repeat(32)}.99999999999.1.0.1`, whole: true, ticket: "0".repeat(10_000) },
  }),
  () => ({ end: { attemptId: "a", whole: true, pieces: many(10_000, () => ({})) } }),
  () => ({ inventory: { models: many(5_000, (at) => ({ uri: `hf:o/r/${at}.gguf`, bytes: -1 })) } }),
  () => ({ availability: { state: "\u0000", reason: "r".repeat(100_000), policy: "none" } }),
  () => ({ draining: { reason: "x" } }),
  () => ({ goodbye: { reason: "x".repeat(100_000) } }),
  () => ({}),
];

/** Bytes of one stream, wrong in a way that chance decides. */
function bytesOf(random: Random): Buffer {
  const all = messages(random);
  const any = () => serialized(all[random.below(all.length)]?.() ?? {});
  const garbage = (length: number) => Buffer.from(many(length, () => random.below(256)));
  const flipped = (from: Buffer) => {
    const bytes = Buffer.from(from);
    for (let times = 1 + random.below(10); times > 0 && bytes.length > 0; times--)
      bytes[random.below(Math.min(bytes.length, 4_000))] = random.below(256);
    return bytes;
  };
  const first = framed(serialized(hello(`odd-${random.below(20)}`)));
  switch (random.below(12)) {
    case 0:
      return framed(garbage(random.below(2_000)));
    case 1:
      return garbage(1 + random.below(2_000));
    case 2:
      return framed(flipped(any()));
    case 3:
      return Buffer.concat([first, framed(flipped(any())), framed(garbage(50))]);
    case 4:
      // Announced and never sent; and more than there may be.
      return framed(any().subarray(0, 100), random.below(2) === 0 ? 0xffff_ffff : 17 * 1024 * 1024);
    case 5:
      return framed(any(), undefined, 1 + random.below(255));
    case 6:
      return Buffer.concat([first, first, framed(any())]);
    case 7:
      return framed(any());
    case 8:
      return Buffer.concat([framed(any()), first, framed(any()), framed(any())]);
    case 9:
      return framed(nestedGroups(1 + random.below(5_000)));
    case 10:
      return Buffer.concat([first, ...many(300, () => framed(serialized({ heartbeat: { sequence: 1 } })))]);
    default:
      return Buffer.concat([first, framed(any()), framed(any()), framed(any())]);
  }
}

/** Groups within groups (wire type 3), of a field that nobody knows. */
function nestedGroups(depth: number): Buffer {
  return Buffer.concat([Buffer.alloc(depth, (99 << 3) | 3), Buffer.alloc(depth, (99 << 3) | 4)]);
}

const paths = ["Connect", "Connect", "Connect", "Connect", "FetchBlob", "Nothing"] as const;

function open(session: ClientHttp2Session, random: Random): ClientHttp2Stream {
  const path = `/muster.v1.Fleet/${random.pick(paths)}`;
  const type = random.below(15) === 0 ? "application/json" : "application/grpc";
  const odd = random.below(15) === 0 ? { "grpc-timeout": "99999999999H", "grpc-encoding": "none-such" } : {};
  return session.request({ ":method": "POST", ":path": path, "content-type": type, te: "trailers", ...odd });
}

/** Sends the bytes in pieces; resolves when the stream is over, which we see to where the port waits for more. */
async function send(address: string, bytes: Buffer, random: Random): Promise<void> {
  // One connection each: what is sent to a stream that was closed counts against the window of its connection.
  const session = connect(address);
  let failure: Error | undefined;
  session.on("error", (error) => {
    failure = error;
  });
  const stream = open(session, random);
  stream.on("error", () => {});
  stream.resume();
  // As every client of gRPC: what has its answer is not sent to its end.
  stream.once("end", () => stream.close());
  const isOver = new Promise<void>((resolve) => stream.once("close", () => resolve()));
  const cut = random.below(bytes.length + 1);
  stream.write(bytes.subarray(0, cut));
  if (random.below(8) === 0) session.destroy();
  else stream.end(bytes.subarray(cut));
  const late = setTimeout(() => session.destroy(new Error("neither answered nor closed")), longestMs);
  await isOver;
  clearTimeout(late);
  session.destroy();
  expect(failure?.message ?? "").not.toContain("neither");
}

async function start() {
  const cluster = await startCluster({ canary: "off" });
  await cluster.worker("stays");
  const [healthy] = await cluster.workers();
  return { cluster, healthyId: healthy?.id ?? "" };
}

async function expectWell(cluster: TestCluster, healthyId: string): Promise<void> {
  const stays = (await cluster.workers()).find(({ id }) => id === healthyId);
  expect(stays).toMatchObject({ name: "stays", state: "ready" });
  const answer = await cluster.post("/v1/chat/completions", chat("still there?", { max_tokens: 4 }));
  expect({ status: answer.status, worker: answer.headers.get("x-muster-worker") }).toEqual({
    status: 200,
    worker: "stays",
  });
  await answer.text();
}

describe("the port that workers dial", () => {
  it(`outlives ${streams} streams of mutated frames, and loses no memory over them (seed ${seed})`, async () => {
    const { cluster, healthyId } = await start();
    const address = `http://${cluster.orchestrator.fleetAddress}`;
    const run = async (from: number, to: number) => {
      let next = from;
      const one = async () => {
        while (next < to) {
          const at = next++;
          const random = createRandom(seed + at);
          await send(address, bytesOf(random), random);
          if (at % 100 === 0) await expectWell(cluster, healthyId);
        }
      };
      await Promise.all(Array.from({ length: atOnce }, one));
    };
    const gone = () =>
      eventually(async () =>
        (await cluster.workers()).every(({ id, state }) => id === healthyId || state === "lost"),
      );
    await run(0, streams / 3);
    await gone();
    const before = await heapInUse();
    await run(streams / 3, streams);
    await gone();
    await expectWell(cluster, healthyId);
    expect((await heapInUse()) - before).toBeLessThan(growthBytes);
    expect(cluster.orchestrator.load()).toEqual({ openRequests: 0, runningAttempts: 0 });
  });

  it("hangs up on what is no HTTP/2, and on a message that is too large", async () => {
    const { cluster, healthyId } = await start();
    const [host = "", port] = cluster.orchestrator.fleetAddress.split(/:(?=\d+$)/);
    for (const text of [
      "GET / HTTP/1.1\r\n\r\n",
      "\u0016\u0003\u0001",
      "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\nxxxxxxxxxxxxxxxx",
    ]) {
      const socket = connectTcp(Number(port), host, () => socket.end(text));
      socket.on("error", () => {});
      socket.resume();
      const closed = once(socket, "close");
      await closed;
    }
    const large = new HandWorker(cluster.orchestrator.fleetAddress, "large");
    await large.join();
    large.say({ output: { attemptId: "a", epoch: 1, sequence: 0, text: "x".repeat(17 * 1024 * 1024) } });
    await large.untilOver();
    await eventually(async () =>
      (await cluster.workers()).some(({ id, state }) => id === "large" && state === "lost"),
    );
    await expectWell(cluster, healthyId);
  });

  it("takes no second hello of a stream, and no word before the first", async () => {
    const { cluster, healthyId } = await start();
    const early = new HandWorker(cluster.orchestrator.fleetAddress, "early");
    early.say({ replica: { ...report, model } });
    early.say({ heartbeat: { sequence: 1 } });
    await early.join();
    // What was said before the hello was nobody's.
    expect((await cluster.workers()).find(({ id }) => id === "early")?.replicas).toEqual([]);
    early.say(hello("stays"));
    early.say(hello(healthyId));
    early.say({ heartbeat: { sequence: 2 } });
    await early.hear("heartbeatAck");
    expect((await cluster.workers()).map(({ id }) => id).sort()).toEqual(["early", healthyId].sort());
    await expectWell(cluster, healthyId);
  });
});
