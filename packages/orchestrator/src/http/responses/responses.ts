import type { FastifyInstance } from "fastify";
import { respond } from "../answering/respond.ts";
import type { HttpDeps } from "../http-deps.ts";
import { parseBody } from "../parsing/body.ts";
import { laneClassOf } from "../parsing/choices.ts";
import { responseToGeneration } from "./generation.ts";
import { responseSchema } from "./schema.ts";
import { responseWording } from "./wording.ts";

/** POST /v1/responses, plain and streamed. Stateless: every request brings its whole conversation. */
export function responsesRoutes(app: FastifyInstance, deps: HttpDeps): void {
  const now = () => Math.floor(deps.clock.wallMs() / 1000);
  app.post("/v1/responses", (request, reply) => {
    const body = parseBody(responseSchema, request.body);
    const generation = responseToGeneration(body, deps.randomSeed());
    const frame = {
      id: deps.newId("resp_"),
      createdAt: now(),
      request: body,
      sampling: generation.sampling,
    };
    return respond(deps, request, reply, {
      requestId: request.id,
      model: body.model,
      laneClass: laneClassOf(body.service_tier),
      requests: [generation],
      isStreamed: body.stream === true,
      wording: responseWording({ frame, newId: deps.newId, now }),
    });
  });
}
