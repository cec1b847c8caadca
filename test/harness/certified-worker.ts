import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { type ClientDuplexStream, credentials, type ServiceError } from "@grpc/grpc-js";
import {
  loadFleet,
  type OrchestratorBody,
  type OrchestratorMessageRead,
  orchestratorBody,
  serverName,
  type WorkerMessage,
} from "@muster/proto";
import { untilTestEnds } from "./cluster.ts";

export interface IdentityFile {
  readonly workerId: string;
  readonly name: string;
  readonly key: string;
  readonly certificate: string;
  readonly authorities: readonly string[];
}

const fileOf = (dataDirectory: string, name: string) =>
  join(dataDirectory, "identity", name, "identity.json");

export async function readIdentity(dataDirectory: string, name: string): Promise<IdentityFile> {
  return JSON.parse(await readFile(fileOf(dataDirectory, name), "utf8"));
}

export async function writeIdentity(
  dataDirectory: string,
  name: string,
  identity: IdentityFile,
): Promise<void> {
  await writeFile(fileOf(dataDirectory, name), JSON.stringify(identity), { mode: 0o600 });
}

export type Shown = Pick<IdentityFile, "key" | "certificate" | "authorities">;

/** A client of the fleet port; `shown` without a key shows no certificate. */
export function fleetClient(address: string, shown: Pick<Shown, "authorities"> & Partial<Shown>) {
  const part = (text: string | undefined) => (text === undefined ? null : Buffer.from(text));
  const trusted = Buffer.from(shown.authorities.join("\n"));
  const client = new (loadFleet().Client)(
    address,
    credentials.createSsl(trusted, part(shown.key), part(shown.certificate)),
    {
      "grpc.ssl_target_name_override": serverName,
      "grpc.default_authority": serverName,
      "grpc.use_local_subchannel_pool": 1,
    },
  );
  untilTestEnds(() => client.close());
  return client;
}

type Heard<K extends OrchestratorBody["kind"]> = Extract<OrchestratorBody, { kind: K }>["value"];

/** A worker that says what the test says, over a connection with the certificate that it is given. */
export class CertifiedWorker {
  readonly #stream: ClientDuplexStream<WorkerMessage, OrchestratorMessageRead>;
  readonly #heard: OrchestratorBody[] = [];
  #wake: () => void = () => {};
  /** When the stream is over: with the error, where there is one. */
  readonly over: Promise<ServiceError | undefined>;

  constructor(address: string, shown: Pick<Shown, "authorities"> & Partial<Shown>) {
    this.#stream = fleetClient(address, shown).Connect();
    this.#stream.on("data", (message: OrchestratorMessageRead) => {
      const body = orchestratorBody(message);
      if (body !== undefined) this.#heard.push(body);
      this.#wake();
    });
    this.over = new Promise((resolve) => {
      this.#stream.on("error", (error: ServiceError) => resolve(error));
      this.#stream.on("end", () => resolve(undefined));
    });
    untilTestEnds(() => this.#stream.cancel());
  }

  say(message: WorkerMessage): void {
    this.#stream.write(message);
  }

  hello(workerId: string, more: NonNullable<WorkerMessage["hello"]> = {}): void {
    this.#keepBeating();
    this.say({ hello: { minProtocol: 1, maxProtocol: 1, workerId, name: "hand", version: "0", ...more } });
  }

  /** One that is silent is taken for lost. */
  #keepBeating(): void {
    const beats = setInterval(() => this.say({ heartbeat: { sequence: 1 } }), 100);
    void this.over.finally(() => clearInterval(beats));
    untilTestEnds(() => clearInterval(beats));
  }

  /** With one replica of `model`, ready. */
  serve(model: string, slots = 1): void {
    const capabilities = ["chat", "completion"];
    const shape = { slots, contextTokens: 4_096, engine: "hand" };
    this.say({
      replica: { replicaId: "rep-1", model, state: "STATE_READY", progress: 1, ...shape, capabilities },
    });
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
}
