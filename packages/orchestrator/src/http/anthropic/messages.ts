import type { FastifyInstance } from "fastify";
import { respond } from "../answering/respond.ts";
import { targetOf } from "../answering/target.ts";
import { fromFastify, isShortened, sendError } from "../error-response.ts";
import type { HttpDeps } from "../http-deps.ts";
import { tokenized } from "../openai/tokenize.ts";
import { parseBody } from "../parsing/body.ts";
import { laneClassOf } from "../parsing/choices.ts";
import { sampledFor } from "../parsing/sampling.ts";
import { promptToCount } from "./count-tokens.ts";
import { anthropicError } from "./error-body.ts";
import { messageToGeneration } from "./generation.ts";
import { messageSchema, promptSchema } from "./schema.ts";
import { messageParams, messageWording } from "./wording.ts";

/** Anthropic's API: POST /v1/messages, plain and streamed, and what counts its tokens. */
export function anthropicRoutes(app: FastifyInstance, deps: HttpDeps): void {
  // A scope of its own: its errors have Anthropic's shape.
  void app.register((scope, _options, done) => {
    scope.setErrorHandler((thrown: Error, request, reply) => {
      const error = fromFastify(thrown, deps.bodyLimitBytes);
      const { id: requestId, routeOptions, trace } = request;
      if (isShortened(error)) {
        const fields = { requestId, traceId: trace.traceId, route: routeOptions.url, error: thrown.stack };
        deps.log.error(fields, "request failed");
      }
      return sendError(reply, error, () => anthropicError(error, requestId));
    });

    scope.post("/v1/messages", { config: { scope: "inference" } }, (request, reply) => {
      const body = parseBody(messageSchema, request.body);
      const asked = messageToGeneration(body, deps.randomSeed());
      const target = targetOf(deps, {
        name: body.model,
        request: asked,
        from: request,
        body,
        params: messageParams,
      });
      const { model } = target;
      return respond(deps, request, reply, {
        requestId: request.id,
        target,
        laneClass: laneClassOf(body.service_tier),
        requests: [sampledFor(asked, body, target.entry?.sampling)],
        isStreamed: body.stream === true,
        wording: messageWording({ id: deps.newId("msg_"), requestId: request.id, model }),
      });
    });

    scope.post("/v1/messages/count_tokens", { config: { scope: "inference" } }, (request, reply) => {
      const body = parseBody(promptSchema, request.body);
      const asked = { name: body.model, request: promptToCount(body), endpoint: "count_tokens", body };
      return tokenized(deps, request, reply, asked, ({ ids }) => ({ input_tokens: ids.length }));
    });
    done();
  });
}
