import { MusterError } from "@muster/base";
import {
  negotiateProtocol,
  type OrchestratorMessage,
  protocolVersions,
  type WireHelloRead,
  workerBody,
} from "@muster/proto";
import type { WorkerIdentity } from "../core/fleet/worker.ts";
import type { Enrolment } from "../core/trust/enrolment.ts";
import type { Enrolments } from "../flows/trust/enrolments.ts";
import { identityFromHello, runningFromHello } from "./convert.ts";
import type { OpenCalls } from "./open-calls.ts";
import { shownIdentity } from "./shown-identity.ts";
import { type FleetStream, type SessionDeps, WorkerSession } from "./worker-session.ts";

export interface AcceptOptions extends SessionDeps {
  readonly orchestratorId: string;
  readonly version: string;
  readonly hasMirror: boolean;
  /** Whose certificates count; undefined: the port is on loopback, and nobody shows one. */
  readonly enrolments: Pick<Enrolments, "admit" | "noteRefusal"> | undefined;
  readonly openCalls: OpenCalls;
  /** Those that are connected now. */
  readonly sessions: Set<WorkerSession>;
}

const helloTimeoutMs = 10_000;

/** One worker's stream, from its hello to its end. */
export function acceptStream(stream: FleetStream, options: AcceptOptions): void {
  const { clock, log, fleet, attempts, enrolments, openCalls, sessions } = options;
  let session: { readonly workerId: string; readonly link: WorkerSession } | undefined;
  let forget: () => void = () => {};
  let isOver = false;
  const refuse = (error: MusterError, isRetryable: boolean) => {
    log.warn({ code: error.code, reason: error.message, peer: stream.getPeer() }, "worker refused");
    stream.write({ refused: { code: error.code, message: error.message, retryable: isRetryable } });
    stream.end();
  };
  const stopWaiting = clock.after(helloTimeoutMs, () => {
    refuse(new MusterError("invalid_request", "No hello came within 10 s."), true);
  });

  stream.on("data", (message) => {
    if (session !== undefined) {
      session.link.receive(message);
      return;
    }
    const body = workerBody(message);
    if (body?.kind !== "hello") return;
    stopWaiting();
    // Nothing that comes meanwhile is lost.
    stream.pause();
    begin(body.value)
      .catch((thrown: unknown) => {
        const error = MusterError.from(thrown);
        // What is not known may be known again; what was revoked stays so.
        refuse(error, error.code === "not_found");
      })
      .finally(() => stream.resume());
  });
  const begin = async (hello: WireHelloRead) => {
    const enrolment = enrolments && (await admitted(stream, hello, { ...options, enrolments }));
    if (isOver) return;
    const { welcome, identity } = welcomed(hello, options, enrolment);
    const link = new WorkerSession(identity.id, stream, options);
    session = { workerId: identity.id, link };
    sessions.add(link);
    if (enrolment !== undefined) {
      forget = openCalls.add(identity.id, (reason) => {
        link.turnAway(reason);
        fleet.leaveForGood(identity.id, link, "revoked");
      });
    }
    link.write({ welcome });
    fleet.join(identity, link);
    attempts.adopt(identity.id, runningFromHello(hello));
  };
  const over = (reason: string) => {
    isOver = true;
    stopWaiting();
    forget();
    if (session === undefined) return;
    sessions.delete(session.link);
    fleet.leave(session.workerId, session.link, reason);
  };
  stream.on("end", () => {
    over("it closed the stream");
    stream.end();
  });
  stream.on("cancelled", () => over("the connection was lost"));
  stream.on("close", () => over("the connection was lost"));
  stream.on("error", (error: Error) => over(error.message));
}

/** By its certificate. What a worker says of itself does not count against it. */
async function admitted(
  stream: FleetStream,
  hello: WireHelloRead,
  { enrolments, clock }: AcceptOptions & { readonly enrolments: NonNullable<AcceptOptions["enrolments"]> },
): Promise<Enrolment> {
  const shown = shownIdentity(stream, clock.wallMs());
  if (shown === undefined)
    throw new MusterError("unauthenticated", "The connection has shown no certificate of a worker.");
  try {
    const enrolment = await enrolments.admit(shown);
    if (hello.workerId === enrolment.id) return enrolment;
    throw new MusterError(
      "forbidden",
      `The worker calls itself ${hello.workerId.slice(0, 128)}, and its certificate is that of ${enrolment.id}.`,
    );
  } catch (error) {
    enrolments.noteRefusal(`worker:${shown.workerId}`, MusterError.from(error).message);
    throw error;
  }
}

function welcomed(
  hello: WireHelloRead,
  options: AcceptOptions,
  enrolment: Enrolment | undefined,
): { readonly welcome: NonNullable<OrchestratorMessage["welcome"]>; readonly identity: WorkerIdentity } {
  const { orchestratorId, version, heartbeatIntervalMs, hasMirror } = options;
  const protocol = negotiateProtocol({ min: hello.minProtocol, max: hello.maxProtocol });
  if (protocol === undefined) {
    throw new MusterError(
      "protocol_mismatch",
      `The worker speaks protocol ${hello.minProtocol} to ${hello.maxProtocol}, the orchestrator ${protocolVersions.min} to ${protocolVersions.max}. Bring both to the same version of Muster (orchestrator: ${version}).`,
    );
  }
  const said = identityFromHello(hello);
  return {
    welcome: { protocol, orchestratorId, version, heartbeatIntervalMs, hasMirror },
    identity:
      enrolment === undefined
        ? said
        : { ...said, name: enrolment.name, labels: { ...said.labels, pool: enrolment.pool } },
  };
}
