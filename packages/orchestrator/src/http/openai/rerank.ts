import type { FastifyInstance, FastifyReply, FastifyRequest } from "fastify";
import type { LinePart } from "../../ports/line-endpoint.ts";
import { accounted } from "../answering/accounted.ts";
import { type ByIndex, createByIndex } from "../answering/by-index.ts";
import { strayOutput } from "../answering/collect.ts";
import { targetOf } from "../answering/target.ts";
import { collectParts } from "../answering/whole.ts";
import type { HttpDeps } from "../http-deps.ts";
import { parseBody } from "../parsing/body.ts";
import { laneClassOf } from "../parsing/choices.ts";
import { chunksOf } from "./input-chunks.ts";
import { rerankSchema } from "./schema/rerank.ts";
import { promptUsageBody } from "./usage.ts";

type Scores = ByIndex<number>;

/** Where clients of Jina, of Cohere and of llama.cpp look for it. */
const paths = ["/v1/rerank", "/rerank", "/v2/rerank"];

/** POST /v1/rerank: documents by how well they answer a query, the best first. */
export function rerankRoute(app: FastifyInstance, deps: HttpDeps): void {
  for (const path of paths)
    app.post(path, { config: { scope: "inference" } }, (request, reply) => rerank(deps, request, reply));
}

function rerank(deps: HttpDeps, request: FastifyRequest, reply: FastifyReply): Promise<FastifyReply> {
  const body = parseBody(rerankSchema, request.body);
  const { query } = body;
  const texts = body.documents.map((document) => (typeof document === "string" ? document : document.text));
  const chunks = chunksOf(texts);
  const target = targetOf(deps, {
    name: body.model,
    request: { task: "rerank", query, documents: texts },
    from: request,
    body,
  });
  const { model } = target;
  const laneClass = laneClassOf(body.service_tier);
  return accounted(deps, request, reply, { model, endpoint: "rerank", laneClass }, async (answering) => {
    const asked = { requestId: request.id, target, laneClass };
    const parts = await collectParts(
      { deps, reply, ...answering },
      asked,
      chunks.map((documents) => partOf(query, documents)),
    );
    const scores = parts.flatMap(({ state }) => state.inOrder());
    const best = scores
      .map((score, index) => ({ index, relevance_score: score }))
      .sort((a, b) => b.relevance_score - a.relevance_score || a.index - b.index)
      .slice(0, body.top_n ?? scores.length);
    await reply.send({
      id: deps.newId("rerank-"),
      object: "list",
      model,
      results: best.map((result) =>
        body.return_documents === true ? { ...result, document: { text: texts[result.index] } } : result,
      ),
      // Where clients that know lists of OpenAI's kind look.
      data: best,
      usage: promptUsageBody(parts.map(({ end }) => end.usage)),
    });
    return undefined;
  });
}

function partOf(query: string, documents: readonly string[]): LinePart<Scores> {
  return {
    request: { task: "rerank", query, documents },
    begin: () => createByIndex("score of document", documents.length),
    add(scores, delta) {
      if (delta.kind !== "score") throw strayOutput(`"${delta.kind}" in place of a score`);
      scores.add(delta.index, delta.score);
    },
  };
}
