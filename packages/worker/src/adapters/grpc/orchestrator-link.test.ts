import { Server, ServerCredentials, type ServerDuplexStream } from "@grpc/grpc-js";
import { silentLog } from "@muster/base";
import { loadFleet, type OrchestratorMessage, type WorkerMessageRead, workerBody } from "@muster/proto";
import { describe, expect, it, onTestFinished } from "vitest";
import type { OrchestratorSays, WorkerHello } from "../../core/link-messages.ts";
import { createGrpcOrchestratorLink } from "./orchestrator-link.ts";

type Stream = ServerDuplexStream<WorkerMessageRead, OrchestratorMessage>;

const hello: WorkerHello = {
  workerId: "w1",
  name: "w1",
  version: "0",
  labels: { room: "3f" },
  hardware: {
    hostname: "h",
    platform: "linux",
    arch: "x64",
    cpuModel: "c",
    physicalCores: 1,
    logicalCores: 1,
    ramBytes: 2 ** 35,
    freeRamBytes: 1,
    backend: "cpu",
    gpus: [],
  },
  running: [],
  takesPlacement: true,
  engine: "stub",
  engineVersion: undefined,
};

/** A real gRPC server with `serve` on its end of each stream. */
async function serve(onStream: (stream: Stream) => void): Promise<string> {
  const server = new Server();
  server.addService(loadFleet().service, { Connect: onStream });
  const port = await new Promise<number>((resolve, reject) => {
    server.bindAsync("127.0.0.1:0", ServerCredentials.createInsecure(), (error, bound) =>
      error === null ? resolve(bound) : reject(error),
    );
  });
  onTestFinished(() => server.forceShutdown());
  return `127.0.0.1:${port}`;
}

const welcome: OrchestratorMessage = {
  welcome: { protocol: 1, orchestratorId: "orc", version: "0", heartbeatIntervalMs: 1_000 },
};

const linkTo = (address: string) =>
  createGrpcOrchestratorLink({ address, identity: undefined, speaksTls: async () => false, log: silentLog });

function dial(address: string, receive: (message: OrchestratorSays) => void = () => {}) {
  return linkTo(address).dial(hello, receive);
}

describe("the gRPC link", () => {
  it("gives up a dial that nobody answers when it is told to: a worker that leaves does not wait", async () => {
    const leaving = new AbortController();
    const address = await serve(() => leaving.abort());
    const link = linkTo(address);
    expect(await link.dial(hello, () => {}, leaving.signal)).toEqual({ kind: "lost", reason: "given up" });
  });

  it("says hello, and hears what comes after the welcome in order", async () => {
    const heard: string[] = [];
    const address = await serve((stream) => {
      stream.once("data", (message: WorkerMessageRead) => {
        expect(workerBody(message)).toMatchObject({
          kind: "hello",
          value: { workerId: "w1", labels: { room: "3f" } },
        });
        stream.write(welcome);
        stream.write({ cancel: { attemptId: "a", epoch: 1 } });
        stream.write({ drain: { reason: "enough" } });
        stream.end();
      });
    });
    const dialled = await dial(address, (message) => heard.push(message.kind));
    if (dialled.kind !== "accepted") throw new Error(`not accepted: ${dialled.kind}`);
    await expect(dialled.session.ended).resolves.toMatchObject({ kind: "lost" });
    expect(heard).toEqual(["cancel", "drain"]);
  });

  it("delivers all that was said before the close, though more is said after it", async () => {
    const pieces = 60;
    const heard: string[] = [];
    let streamEnded: () => void = () => {};
    const over = new Promise<void>((resolve) => {
      streamEnded = resolve;
    });
    const address = await serve((stream) => {
      stream.write(welcome);
      stream.pause();
      setImmediate(() => stream.resume());
      stream.on("data", (message: WorkerMessageRead) => heard.push(workerBody(message)?.kind ?? "unknown"));
      stream.on("error", () => streamEnded());
      stream.on("end", () => {
        stream.end();
        streamEnded();
      });
    });
    const dialled = await dial(address);
    if (dialled.kind !== "accepted") throw new Error(`not accepted: ${dialled.kind}`);
    const { session } = dialled;
    const text = "x".repeat(20_000);
    for (let sequence = 0; sequence < pieces; sequence++) {
      const delta = { kind: "text", text, tokens: 1 } as const;
      session.send({ kind: "output", attemptId: "a", epoch: 1, sequence, delta });
    }
    session.send({ kind: "goodbye", reason: "done" });
    session.close();
    const load = { freeRamBytes: 0, cpuLoad: 0 };
    expect(session.send({ kind: "heartbeat", sequence: 1, attempts: [], load })).toBe(false);
    await Promise.all([over, session.ended]);
    expect(heard).toEqual(["hello", ...Array<string>(pieces).fill("output"), "goodbye"]);
  });

  it("tells a refusal from a loss, and an orchestrator that is not there", async () => {
    const address = await serve((stream) => {
      stream.write({ refused: { code: "unauthenticated", message: "no", retryable: false } });
      stream.end();
    });
    expect(await dial(address)).toMatchObject({
      kind: "refused",
      code: "unauthenticated",
      isRetryable: false,
    });
    expect(await dial("127.0.0.1:1")).toMatchObject({ kind: "lost" });
  });
});
