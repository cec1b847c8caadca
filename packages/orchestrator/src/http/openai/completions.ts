import type { FastifyInstance } from "fastify";
import { respond } from "../answering/respond.ts";
import type { HttpDeps } from "../http-deps.ts";
import { parseBody } from "../parsing/body.ts";
import { choicesOf, laneClassOf } from "../parsing/choices.ts";
import { completionWording } from "./completion-wording.ts";
import { completionPlan, completionSchema } from "./schema/completions.ts";

/** POST /v1/completions: continues text as it is, plain and streamed. */
export function completionsRoute(app: FastifyInstance, deps: HttpDeps): void {
  app.post("/v1/completions", (request, reply) => {
    const body = parseBody(completionSchema, request.body);
    const { generations, echoes, choicesPerPrompt } = completionPlan(body, deps.randomSeed());
    return respond(deps, request, reply, {
      requestId: request.id,
      model: body.model,
      laneClass: laneClassOf(body.service_tier),
      requests: choicesOf(generations, choicesPerPrompt),
      isStreamed: body.stream === true,
      wording: completionWording({
        id: deps.newId("cmpl-"),
        created: Math.floor(deps.clock.wallMs() / 1000),
        model: body.model,
        choicesPerPrompt,
        echoes,
        includeUsage: body.stream_options?.include_usage === true,
        hasLogprobs: body.logprobs !== undefined && body.logprobs !== null,
      }),
    });
  });
}
