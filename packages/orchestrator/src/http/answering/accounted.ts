import { setMaxListeners } from "node:events";
import type { IncomingMessage, ServerResponse } from "node:http";
import { MusterError } from "@muster/base";
import type { FastifyReply, FastifyRequest } from "fastify";
import type { LaneClass } from "../../core/lane.ts";
import { outcomeOfStatus, type RequestOutcome } from "../../ports/metrics.ts";
import { statusOf } from "../error-response.ts";
import type { HttpDeps } from "../http-deps.ts";
import { headerSafe } from "./name-sources.ts";
import { RequestAccount } from "./request-account.ts";

/** What a route answers a request with. */
export interface Answering {
  /** Fires when the client has gone. */
  readonly controller: AbortController;
  readonly account: RequestAccount;
}

/**
 * Answers a request for a model with `run`, and counts it with its outcome. `run` throws what becomes an HTTP error, or
 * gives a failure that it has told the client itself. Whatever came of it, what it took of its key's limits is settled.
 */
export async function accounted(
  deps: HttpDeps,
  request: FastifyRequest,
  reply: FastifyReply,
  asked: { readonly model: string; readonly endpoint: string; readonly laneClass: LaneClass },
  run: (answering: Answering) => Promise<MusterError | undefined>,
): Promise<FastifyReply> {
  const { model } = asked;
  reply.header("x-muster-model", headerSafe(model));
  const startedAtMs = deps.clock.nowMs();
  const controller = abortOnDisconnect(request.raw, reply.raw);
  const account = new RequestAccount(deps, { request, reply, model });
  let failure: MusterError | undefined;
  try {
    failure = await run({ controller, account });
    return reply;
  } catch (error) {
    failure = MusterError.from(error);
    throw failure;
  } finally {
    // Choices that still run have nobody to read them once one has failed.
    if (failure !== undefined) controller.abort();
    await account.close(failure);
    const durationMs = deps.clock.nowMs() - startedAtMs;
    const { tenant } = request.principal;
    deps.metrics.requestEnded({ ...asked, tenant, outcome: outcomeOf(failure), durationMs });
  }
}

/** Fires when the client has gone before its answer was complete. */
export function abortOnDisconnect(request: IncomingMessage, response: ServerResponse): AbortController {
  const controller = new AbortController();
  // One listener for each choice or part: not a leak.
  setMaxListeners(0, controller.signal);
  response.on("close", () => {
    if (!response.writableFinished) controller.abort();
  });
  // Nothing tells of a close that was before.
  if (response.closed || (request.destroyed && !request.complete)) controller.abort();
  return controller;
}

function outcomeOf(error: MusterError | undefined): RequestOutcome {
  if (error === undefined) return "ok";
  if (error.code === "cancelled") return "cancelled";
  if (error.code === "queue_timeout" || error.code === "deadline_exceeded") return "timeout";
  return outcomeOfStatus(statusOf(error));
}
