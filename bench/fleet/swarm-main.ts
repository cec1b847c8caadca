import { readFileSync } from "node:fs";
import { credentials } from "@grpc/grpc-js";
import { backoffMs } from "@muster/base";
import {
  loadFleet,
  type OrchestratorMessageRead,
  protocolVersions,
  serverName,
  type WorkerMessage,
} from "@muster/proto";

// Many workers in one process: each a connection of its own, with replicas whose answers are scripted.
// Arguments: the fleet port, the number of the first worker, how many there are, replicas of each, models; and a file with
// identities, where they need certificates: then they dial again when the link is gone, as workers do, and say
// `in <Unix ms>` for each welcome.

const [, , address = "", ...rest] = process.argv;
const [first = 0, count = 0, perWorker = 0, models = 1] = rest.map(Number);
const identities: readonly Identity[] | undefined =
  rest[4] === undefined ? undefined : JSON.parse(readFileSync(rest[4], "utf8"));

const slots = 8;
const beatMs = 5_000;
/** Pieces of an answer, after the first, which comes at once. */
const pieces = 4;
const pieceMs = 20;
const joinsAtOnce = 20;

const gpu = { name: "NVIDIA RTX 3060", vramBytes: 12 * 2 ** 30, freeVramBytes: 8 * 2 ** 30 };
const gpuLoad = { freeVramBytes: gpu.freeVramBytes, othersBytes: 2 ** 30, offeredBytes: 10 * 2 ** 30 };
const beaten = {
  ...{ cpuLoad: 0.5, freeRamBytes: 2 ** 33, cpuWatts: 42.5 },
  gpus: [{ ...gpuLoad, utilization: 0.75, temperatureCelsius: 61, watts: 120 }],
};
const stats = {
  ...{
    residentBytes: 150 * 2 ** 20,
    eventLoopLagSeconds: 0.002,
    promptTokens: 123_456,
    generationTokens: 65_432,
  },
  ...{ prefillSeconds: 123.5, decodeSeconds: 654.25 },
};

/** As in a worker's keep-link.ts. */
const redialBackoff = { baseMs: 250, maxMs: 10_000 };

interface Identity {
  readonly workerId: string;
  readonly key: string;
  readonly certificate: string;
  readonly authorities: readonly string[];
}

const { Client } = loadFleet();

function clientOf(identity: Identity | undefined) {
  if (identity === undefined)
    return new Client(address, credentials.createInsecure(), { "grpc.use_local_subchannel_pool": 1 });
  const [trusted, key, certificate] = [
    identity.authorities.join("\n"),
    identity.key,
    identity.certificate,
  ].map((text) => Buffer.from(text));
  return new Client(address, credentials.createSsl(trusted, key, certificate), {
    "grpc.ssl_target_name_override": serverName,
    "grpc.default_authority": serverName,
    "grpc.use_local_subchannel_pool": 1,
  });
}

function startWorker(number: number, failures = 0): Promise<void> {
  const identity = identities?.[number];
  const client = clientOf(identity);
  const stream = client.Connect();
  const running = new Set<string>();
  const write = (message: WorkerMessage) => void stream.write(message);
  let beating: NodeJS.Timeout | undefined;
  let isOver = false;
  let tries = failures;
  const over = (reason: string) => {
    if (isOver) return;
    isOver = true;
    clearInterval(beating);
    client.close();
    if (identity === undefined) {
      console.error(`worker ${number}: ${reason}`);
      process.exit(1);
    }
    setTimeout(() => void startWorker(number, tries + 1), backoffMs(redialBackoff, tries, Math.random));
  };
  stream.on("error", (error: Error) => over(error.message));
  stream.on("end", () => over("the stream was closed"));
  write({
    hello: {
      ...{ minProtocol: protocolVersions.min, maxProtocol: protocolVersions.max },
      ...{
        workerId: identity?.workerId ?? `swarm-${number}`,
        name: `swarm-${number}`,
        version: "0",
        engine: "scripted",
      },
      hardware: {
        ...{ hostname: `desk-${number}`, platform: "linux", arch: "x64", backend: "cpu" },
        gpus: [gpu],
      },
    },
  });
  let sequence = 0;
  const beat = () => {
    sequence += 1;
    write({
      heartbeat: { ...beaten, sequence, attemptIds: [...running], stats: { ...stats, cpuSeconds: sequence } },
    });
  };
  return new Promise((resolve) => {
    stream.on("data", (message: OrchestratorMessageRead) => {
      if (message.body === "welcome") {
        for (let at = 0; at < perWorker; at++) write({ replica: replicaOf(number, at) });
        // Not all in the same moment.
        setTimeout(() => {
          if (!isOver) beating = setInterval(beat, beatMs);
        }, Math.random() * beatMs);
        tries = 0;
        if (identity !== undefined) console.log(`in ${Date.now()}`);
        resolve();
      } else if (message.body === "assign" && message.assign)
        answer(number, message.assign, { write, running });
    });
  });
}

function replicaOf(worker: number, at: number) {
  return {
    ...{ replicaId: `rep-${worker}-${at}`, model: `m${(worker * perWorker + at) % models}` },
    ...{ state: "STATE_READY" as const, progress: 1, slots, contextTokens: 4_096, engine: "scripted" },
    capabilities: ["chat", "completion"],
  };
}

function answer(
  worker: number,
  { attemptId, epoch, whole }: NonNullable<OrchestratorMessageRead["assign"]>,
  to: { readonly write: (message: WorkerMessage) => void; readonly running: Set<string> },
): void {
  const { write, running } = to;
  const key = `${attemptId}#${epoch}`;
  running.add(key);
  const piece = { tokens: 1, text: "word " };
  const say = (sequence: number) => {
    if (!whole) write({ output: { attemptId, epoch, sequence, ...piece } });
    if (sequence < pieces) {
      setTimeout(say, pieceMs, sequence + 1);
      return;
    }
    running.delete(key);
    const decodeMs = pieces * pieceMs * (1 + (worker % 4) / 4);
    write({
      end: {
        ...{ attemptId, epoch, outcome: "OUTCOME_STOP" },
        usage: { promptTokens: 20, completionTokens: pieces + 1 },
        timings: { prefillMs: 2, decodeMs },
        ...(whole ? { whole: true, pieces: Array(pieces + 1).fill(piece) } : {}),
      },
    });
  };
  say(0);
}

for (let next = 0; next < count; next += joinsAtOnce) {
  const group = Math.min(joinsAtOnce, count - next);
  await Promise.all(Array.from({ length: group }, (_none, at) => startWorker(first + next + at)));
}
console.log("ready");
