import type { FastifyInstance } from "fastify";
import { respond } from "../answering/respond.ts";
import { fromFastify, sendError } from "../error-response.ts";
import type { HttpDeps } from "../http-deps.ts";
import { tokenized } from "../openai/tokenize.ts";
import { parseBody } from "../parsing/body.ts";
import { laneClassOf } from "../parsing/choices.ts";
import { promptToCount } from "./count-tokens.ts";
import { anthropicError } from "./error-body.ts";
import { messageToGeneration } from "./generation.ts";
import { messageSchema, promptSchema } from "./schema.ts";
import { messageWording } from "./wording.ts";

/** Anthropic's API: POST /v1/messages, plain and streamed, and what counts its tokens. */
export function anthropicRoutes(app: FastifyInstance, deps: HttpDeps): void {
  // A scope of its own: its errors have Anthropic's shape.
  void app.register((scope, _options, done) => {
    scope.setErrorHandler((thrown: Error, request, reply) => {
      const error = fromFastify(thrown, deps.bodyLimitBytes);
      const { id: requestId, routeOptions } = request;
      if (error.code === "internal")
        deps.log.error({ requestId, route: routeOptions.url, error: thrown.stack }, "request failed");
      return sendError(reply, error, () => anthropicError(error, requestId));
    });

    scope.post("/v1/messages", (request, reply) => {
      const body = parseBody(messageSchema, request.body);
      const { model } = body;
      return respond(deps, request, reply, {
        requestId: request.id,
        model,
        laneClass: laneClassOf(body.service_tier),
        requests: [messageToGeneration(body, deps.randomSeed())],
        isStreamed: body.stream === true,
        wording: messageWording({ id: deps.newId("msg_"), requestId: request.id, model }),
      });
    });

    scope.post("/v1/messages/count_tokens", (request, reply) => {
      const body = parseBody(promptSchema, request.body);
      const asked = { model: body.model, request: promptToCount(body), endpoint: "count_tokens" };
      return tokenized(deps, request, reply, asked, ({ ids }) => ({ input_tokens: ids.length }));
    });
    done();
  });
}
