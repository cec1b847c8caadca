import { type ClientDuplexStream, credentials } from "@grpc/grpc-js";
import { type Capability, silentLog, systemClock } from "@muster/base";
import {
  loadFleet,
  type OrchestratorBody,
  type OrchestratorMessageRead,
  orchestratorBody,
  type WorkerMessage,
} from "@muster/proto";
import { describe, expect, it, onTestFinished } from "vitest";
import { AttemptTable, type StrayEnd } from "../flows/attempt-table.ts";
import { FleetRegistry } from "../flows/fleet-registry.ts";
import { noMetrics } from "../flows/flows.fixture.ts";
import { startFleetServer } from "./fleet-service.ts";

type Heard<K extends OrchestratorBody["kind"]> = Extract<OrchestratorBody, { kind: K }>["value"];
type Stream = ClientDuplexStream<WorkerMessage, OrchestratorMessageRead>;

/** The port that workers dial, with the real flows behind it. */
async function serve() {
  const clock = systemClock;
  const log = silentLog;
  const fleet = new FleetRegistry({ clock, log });
  const attempts = new AttemptTable({ clock, log, fleet, metrics: noMetrics });
  fleet.notify({ capacityChanged() {}, workerLost: (...lost) => attempts.workerLost(...lost) });
  const server = await startFleetServer({
    host: "127.0.0.1",
    port: 0,
    heartbeatIntervalMs: 10_000,
    orchestratorId: "orc",
    version: "0",
    fleet,
    attempts,
    clock,
    log,
  });
  onTestFinished(async () => {
    fleet.closeAll("the test is over");
    await server.close();
  });
  return { fleet, attempts, address: server.address };
}

/** A worker that says what the test says. */
class HandWorker {
  readonly stream: Stream;
  readonly #heard: OrchestratorBody[] = [];
  #wake: () => void = () => {};

  constructor(address: string) {
    const client = new (loadFleet().Client)(address, credentials.createInsecure());
    this.stream = client.Connect();
    this.stream.on("error", () => {});
    this.stream.on("data", (message: OrchestratorMessageRead) => {
      const body = orchestratorBody(message);
      if (body !== undefined) this.#heard.push(body);
      this.#wake();
    });
    onTestFinished(() => {
      this.stream.cancel();
      client.close();
    });
  }

  say(message: WorkerMessage): void {
    this.stream.write(message);
  }

  /** The next message of that kind; earlier ones of others are passed over. */
  async hear<K extends OrchestratorBody["kind"]>(kind: K): Promise<Heard<K>> {
    for (;;) {
      const next = this.#heard.shift();
      if (next?.kind === kind) return next.value as Heard<K>;
      if (next === undefined) {
        await new Promise<void>((resolve) => {
          this.#wake = resolve;
        });
      }
    }
  }

  /** Resolves when all that was said before has been heard. */
  async heardOut(attemptIds: string[]): Promise<void> {
    this.say({ heartbeat: { sequence: 1, attemptIds } });
    await this.hear("heartbeatAck");
  }
}

describe("a worker that dials with what it runs since an earlier link", () => {
  it("keeps those slots until the ends come, which are acknowledged together once they are kept", async () => {
    const { fleet, attempts, address } = await serve();
    const strays: StrayEnd[] = [];
    const bothHere = new Promise<void>((resolve) => {
      attempts.onStray((end) => {
        strays.push(end);
        if (strays.length === 2) resolve();
      });
    });
    const worker = new HandWorker(address);
    const running = ["a", "b"].map((attemptId) => ({ attemptId, epoch: 3, replicaId: "rep-1" }));
    worker.say({ hello: { minProtocol: 1, maxProtocol: 1, workerId: "w1", name: "w1", running } });
    await worker.hear("welcome");
    worker.say({ replica: { replicaId: "rep-1", model: "m", state: "STATE_READY", slots: 2 } });
    await worker.heardOut(["a#3", "b#3"]);
    expect(fleet.worker("w1")?.replicas[0]?.slotsUsed).toBe(2);

    for (const { attemptId, epoch } of running) {
      const pieces = [{ text: `answer ${attemptId}`, tokens: 2 }];
      worker.say({ end: { attemptId, epoch, outcome: "OUTCOME_STOP", whole: true, pieces } });
    }
    await bothHere;
    expect(fleet.worker("w1")?.replicas[0]?.slotsUsed).toBe(0);
    expect(strays.map(({ report }) => (report.kind === "finished" ? report.deltas : report))).toEqual([
      [{ kind: "text", text: "answer a", tokens: 2 }],
      [{ kind: "text", text: "answer b", tokens: 2 }],
    ]);
    for (const { acknowledge } of strays) acknowledge();
    expect(await worker.hear("endAck")).toEqual({
      attemptId: "a",
      epoch: 3,
      others: [{ attemptId: "b", epoch: 3 }],
    });
  });
});

describe("a worker that sends pieces of what is wanted whole", () => {
  it("is understood, and its end is acknowledged once it is kept", async () => {
    const { fleet, attempts, address } = await serve();
    const worker = new HandWorker(address);
    worker.say({ hello: { minProtocol: 1, maxProtocol: 1, workerId: "w1", name: "w1" } });
    await worker.hear("welcome");
    const capabilities = ["completion"];
    worker.say({ replica: { replicaId: "rep-1", model: "m", state: "STATE_READY", slots: 1, capabilities } });
    const { signal } = new AbortController();
    const needs = new Set<Capability>(["completion"]);
    const lease = await fleet.acquire("m", { laneClass: "batch", avoid: new Set(), needs, signal });
    const request = { task: "tokenize", prompt: { kind: "text", text: "one two" } } as const;
    const outcome = attempts.run({ requestId: "a", epoch: 1, request }, lease, { delivery: "whole", signal });
    expect(await worker.hear("assign")).toMatchObject({ attemptId: "a", whole: true });
    for (const [sequence, text] of ["one ", "two"].entries())
      worker.say({ output: { attemptId: "a", epoch: 1, sequence, text, tokens: 1 } });
    worker.say({ end: { attemptId: "a", epoch: 1, outcome: "OUTCOME_STOP" } });
    const ended = await outcome;
    if (ended.kind !== "finished") throw new Error(`it ${ended.kind}`);
    expect(ended.deltas).toEqual([{ kind: "text", text: "one two", tokens: 2 }]);
    ended.acknowledge();
    expect(await worker.hear("endAck")).toEqual({ attemptId: "a", epoch: 1, others: [] });
  });
});
