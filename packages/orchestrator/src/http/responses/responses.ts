import type { FastifyInstance } from "fastify";
import { respond } from "../answering/respond.ts";
import { targetOf } from "../answering/target.ts";
import type { HttpDeps } from "../http-deps.ts";
import { parseBody } from "../parsing/body.ts";
import { laneClassOf } from "../parsing/choices.ts";
import { sampledFor } from "../parsing/sampling.ts";
import { responseToGeneration } from "./generation.ts";
import { responseSchema } from "./schema.ts";
import { responseParams, responseWording } from "./wording.ts";

/** POST /v1/responses, plain and streamed. Stateless: every request brings its whole conversation. */
export function responsesRoutes(app: FastifyInstance, deps: HttpDeps): void {
  const now = () => Math.floor(deps.clock.wallMs() / 1000);
  app.post("/v1/responses", { config: { scope: "inference" } }, (request, reply) => {
    const body = parseBody(responseSchema, request.body);
    const asked = responseToGeneration(body, deps.randomSeed());
    const target = targetOf(deps, {
      name: body.model,
      request: asked,
      from: request,
      body,
      params: responseParams,
    });
    const generation = sampledFor(asked, body, target.entry?.sampling);
    const frame = {
      id: deps.newId("resp_"),
      createdAt: now(),
      request: { ...body, model: target.model },
      sampling: generation.sampling,
    };
    return respond(deps, request, reply, {
      requestId: request.id,
      target,
      laneClass: laneClassOf(body.service_tier),
      requests: [generation],
      isStreamed: body.stream === true,
      wording: responseWording({ frame, newId: deps.newId, now }),
    });
  });
}
