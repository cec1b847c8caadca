import type { FastifyInstance } from "fastify";
import { respond } from "../answering/respond.ts";
import { targetOf } from "../answering/target.ts";
import type { HttpDeps } from "../http-deps.ts";
import { parseBody } from "../parsing/body.ts";
import { choicesOf, laneClassOf } from "../parsing/choices.ts";
import { sampledFor } from "../parsing/sampling.ts";
import { completionWording } from "./completion-wording.ts";
import { completionPlan, completionSchema } from "./schema/completions.ts";

/** POST /v1/completions: continues text as it is, plain and streamed. */
export function completionsRoute(app: FastifyInstance, deps: HttpDeps): void {
  app.post("/v1/completions", { config: { scope: "inference" } }, (request, reply) => {
    const body = parseBody(completionSchema, request.body);
    const { generations, echoes, choicesPerPrompt } = completionPlan(body, deps.randomSeed());
    const target = targetOf(deps, {
      name: body.model,
      request: generations[0],
      from: request,
      body,
    });
    const sampled = generations.map((each) => sampledFor(each, body, target.entry?.sampling));
    return respond(deps, request, reply, {
      requestId: request.id,
      target,
      laneClass: laneClassOf(body.service_tier),
      requests: choicesOf(sampled, choicesPerPrompt),
      isStreamed: body.stream === true,
      wording: completionWording({
        id: deps.newId("cmpl-"),
        created: Math.floor(deps.clock.wallMs() / 1000),
        model: target.model,
        choicesPerPrompt,
        echoes,
        includeUsage: body.stream_options?.include_usage === true,
        hasLogprobs: body.logprobs !== undefined && body.logprobs !== null,
      }),
    });
  });
}
