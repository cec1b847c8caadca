import { Server, type ServerUnaryCall, type sendUnaryData, status } from "@grpc/grpc-js";
import { type Clock, type ErrorCode, type Log, MusterError } from "@muster/base";
import { type EnrolHandlers, loadEnrol, type WireEnrolled } from "@muster/proto";
import type { Enrolled, Enrolments } from "../flows/trust/enrolments.ts";

export interface EnrolServiceOptions {
  readonly enrolments: Pick<Enrolments, "join" | "renew" | "noteRefusal">;
  readonly clock: Clock;
  readonly log: Log;
}

/** A request for a certificate is a few hundred bytes. */
const maxMessage = 16 * 1_024;
const callMs = 15_000;
const maxAtOnce = 64;

const statuses: Partial<Readonly<Record<ErrorCode, status>>> = {
  unauthenticated: status.UNAUTHENTICATED,
  forbidden: status.PERMISSION_DENIED,
  not_found: status.NOT_FOUND,
  invalid_request: status.INVALID_ARGUMENT,
  queue_full: status.RESOURCE_EXHAUSTED,
  deadline_exceeded: status.DEADLINE_EXCEEDED,
  store_unavailable: status.UNAVAILABLE,
  store_full: status.UNAVAILABLE,
};

/** Worth remembering: somebody tried who may not. */
const noted: ReadonlySet<status> = new Set([
  status.UNAUTHENTICATED,
  status.PERMISSION_DENIED,
  status.NOT_FOUND,
]);

/** What anybody may ask of the fleet port: to join with an invitation, and a new certificate for a key that has joined. */
export function createEnrolServer(options: EnrolServiceOptions): Server {
  const { enrolments } = options;
  const server = new Server({
    "grpc.max_receive_message_length": maxMessage,
    "grpc.max_concurrent_streams": 4,
    // In MiB: without it there is no limit.
    "grpc-node.max_session_memory": 1,
  });
  let underWay = 0;
  const answer = <Ask>(ask: (request: Ask) => Promise<Enrolled>) => {
    return (call: ServerUnaryCall<Ask, WireEnrolled>, done: sendUnaryData<WireEnrolled>) => {
      const carryOut = async () => {
        if (underWay >= maxAtOnce)
          throw new MusterError("queue_full", "Too many machines join at once: this one tries again.");
        underWay += 1;
        try {
          return await within(ask(call.request), options.clock);
        } finally {
          underWay -= 1;
        }
      };
      carryOut().then(
        ({ workerId, name, pool, certificate, authorities }) =>
          done(null, { workerId, name, pool, certificate, authorities: [...authorities] }),
        (thrown: unknown) => done(refusal(MusterError.from(thrown), call.getPeer(), options)),
      );
    };
  };
  const handlers: EnrolHandlers = {
    Join: answer(({ secret, certificateRequest, name }) =>
      enrolments.join({ secret, request: certificateRequest, name }),
    ),
    Renew: answer(({ certificateRequest }) => enrolments.renew(certificateRequest)),
  };
  server.addService(loadEnrol().service, handlers);
  return server;
}

function refusal(error: MusterError, peer: string, { log, enrolments }: EnrolServiceOptions) {
  const code = statuses[error.code] ?? status.INTERNAL;
  const details =
    code === status.INTERNAL ? "Something went wrong inside Muster. Its log says what." : error.message;
  log.warn({ code: error.code, reason: error.message, peer }, "worker not enrolled");
  if (noted.has(code)) enrolments.noteRefusal(`address:${peer.replace(/:\d+$/, "")}`, error.message);
  return { code, details };
}

function within<T>(answer: Promise<T>, clock: Clock): Promise<T> {
  return new Promise((resolve, reject) => {
    const stop = clock.after(callMs, () =>
      reject(new MusterError("deadline_exceeded", "It took too long: try again.")),
    );
    answer.then(resolve, reject).finally(stop);
  });
}
