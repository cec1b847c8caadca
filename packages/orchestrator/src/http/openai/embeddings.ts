import type { FastifyInstance } from "fastify";
import { accounted } from "../answering/accounted.ts";
import { targetOf } from "../answering/target.ts";
import { collectParts } from "../answering/whole.ts";
import type { HttpDeps } from "../http-deps.ts";
import { parseBody } from "../parsing/body.ts";
import { laneClassOf } from "../parsing/choices.ts";
import { embeddingBody, embeddingParts } from "./embedding-answer.ts";
import { embeddingSchema } from "./schema/embeddings.ts";

/** POST /v1/embeddings. */
export function embeddingsRoute(app: FastifyInstance, deps: HttpDeps): void {
  app.post("/v1/embeddings", { config: { scope: "inference" } }, (request, reply) => {
    const body = parseBody(embeddingSchema, request.body);
    const parts = embeddingParts(body);
    const target = targetOf(deps, {
      name: body.model,
      request: parts[0].request,
      from: request,
      body,
    });
    const { model } = target;
    const laneClass = laneClassOf(body.service_tier);
    return accounted(
      deps,
      request,
      reply,
      { model, endpoint: "embeddings", laneClass },
      async (answering) => {
        const asked = { requestId: request.id, target, laneClass };
        const collected = await collectParts({ deps, reply, ...answering }, asked, parts);
        await reply.send(embeddingBody({ ...body, model }, collected));
        return undefined;
      },
    );
  });
}
