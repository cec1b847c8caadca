import { type ClientDuplexStream, credentials } from "@grpc/grpc-js";
import {
  loadFleet,
  type OrchestratorBody,
  type OrchestratorMessageRead,
  orchestratorBody,
  type WorkerMessage,
} from "@muster/proto";
import { type AtEnd, untilTestEnds } from "./cluster.ts";

type Heard<K extends OrchestratorBody["kind"]> = Extract<OrchestratorBody, { kind: K }>["value"];

/** A worker that says on the wire what the test says, true or not. */
export class HandWorker {
  readonly id: string;
  readonly stream: ClientDuplexStream<WorkerMessage, OrchestratorMessageRead>;
  readonly #heard: OrchestratorBody[] = [];
  #wake: () => void = () => {};
  #isOver = false;

  constructor(fleetAddress: string, id: string, atEnd: AtEnd = untilTestEnds) {
    this.id = id;
    const client = new (loadFleet().Client)(fleetAddress, credentials.createInsecure());
    this.stream = client.Connect();
    const over = () => {
      this.#isOver = true;
      this.#wake();
    };
    this.stream.on("error", over);
    this.stream.on("end", over);
    this.stream.on("data", (message: OrchestratorMessageRead) => {
      const body = orchestratorBody(message);
      if (body !== undefined) this.#heard.push(body);
      this.#wake();
    });
    atEnd(() => {
      this.stream.cancel();
      client.close();
    });
  }

  say(message: WorkerMessage): void {
    this.stream.write(message);
  }

  /** Joins; with a model it has a replica of it, that is ready and has so many slots. */
  async join(model?: string, slots = 1): Promise<void> {
    this.say({ hello: { minProtocol: 1, maxProtocol: 1, workerId: this.id, name: this.id } });
    await this.hear("welcome");
    if (model === undefined) return;
    const capabilities = ["chat", "completion"];
    const report = { replicaId: "rep-1", model, state: "STATE_READY", slots, contextTokens: 4_096 } as const;
    this.say({ replica: { ...report, engine: "openai", capabilities } });
  }

  /** The next message of that kind; earlier ones of others are passed over. Throws when the stream is over. */
  async hear<K extends OrchestratorBody["kind"]>(kind: K): Promise<Heard<K>> {
    for (;;) {
      const next = this.#heard.shift();
      if (next?.kind === kind) return next.value as Heard<K>;
      if (next !== undefined) continue;
      if (this.#isOver) throw new Error(`the stream ended before any ${kind} came`);
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
    }
  }

  /** Resolves when the orchestrator has ended the stream. */
  async untilOver(): Promise<void> {
    while (!this.#isOver) {
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
    }
  }

  leave(): Promise<void> {
    this.stream.cancel();
    return this.untilOver();
  }
}
