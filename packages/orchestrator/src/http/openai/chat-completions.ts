import type { FastifyInstance } from "fastify";
import { respond } from "../answering/respond.ts";
import { targetOf } from "../answering/target.ts";
import type { HttpDeps } from "../http-deps.ts";
import { parseBody } from "../parsing/body.ts";
import { choicesOf, laneClassOf } from "../parsing/choices.ts";
import { sampledFor } from "../parsing/sampling.ts";
import { chatWording } from "./chat-wording.ts";
import { chatCompletionSchema, chatToGeneration } from "./schema/chat-completions.ts";

/** POST /v1/chat/completions, plain and streamed. */
export function chatCompletionsRoute(app: FastifyInstance, deps: HttpDeps): void {
  app.post("/v1/chat/completions", { config: { scope: "inference" } }, (request, reply) => {
    const body = parseBody(chatCompletionSchema, request.body);
    const asked = chatToGeneration(body, deps.randomSeed());
    const target = targetOf(deps, { name: body.model, request: asked, from: request, body });
    const prompt = sampledFor(asked, body, target.entry?.sampling);
    const choices = body.n ?? 1;
    return respond(deps, request, reply, {
      requestId: request.id,
      target,
      laneClass: laneClassOf(body.service_tier),
      requests: choicesOf([prompt], choices),
      isStreamed: body.stream === true,
      wording: chatWording({
        id: deps.newId("chatcmpl-"),
        created: Math.floor(deps.clock.wallMs() / 1000),
        model: target.model,
        choices,
        includeUsage: body.stream_options?.include_usage === true,
        hasLogprobs: prompt.topLogprobs !== undefined,
      }),
    });
  });
}
