import type { FastifyInstance } from "fastify";
import { respond } from "../answering/respond.ts";
import type { HttpDeps } from "../http-deps.ts";
import { parseBody } from "../parsing/body.ts";
import { choicesOf, laneClassOf } from "../parsing/choices.ts";
import { chatWording } from "./chat-wording.ts";
import { chatCompletionSchema, chatToGeneration } from "./schema/chat-completions.ts";

/** POST /v1/chat/completions, plain and streamed. */
export function chatCompletionsRoute(app: FastifyInstance, deps: HttpDeps): void {
  app.post("/v1/chat/completions", (request, reply) => {
    const body = parseBody(chatCompletionSchema, request.body);
    const prompt = chatToGeneration(body, deps.randomSeed());
    const choices = body.n ?? 1;
    return respond(deps, request, reply, {
      requestId: request.id,
      model: body.model,
      laneClass: laneClassOf(body.service_tier),
      requests: choicesOf([prompt], choices),
      isStreamed: body.stream === true,
      wording: chatWording({
        id: deps.newId("chatcmpl-"),
        created: Math.floor(deps.clock.wallMs() / 1000),
        model: body.model,
        choices,
        includeUsage: body.stream_options?.include_usage === true,
        hasLogprobs: prompt.topLogprobs !== undefined,
      }),
    });
  });
}
