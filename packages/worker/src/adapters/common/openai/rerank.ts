import { type InferenceEvent, MusterError, type RerankRequest } from "@muster/base";
import { asFields, asList, numberOf } from "../json-fields.ts";
import { endOf } from "./end-of.ts";
import { namingCulprit, refuseEmpty } from "./name-culprit.ts";
import { postJson } from "./post-json.ts";
import type { Upstream } from "./upstream.ts";

/** Scores documents through `/rerank`, in Jina's shape, which llama-server and vLLM have too. */
export async function* rerank(
  upstream: Upstream,
  request: RerankRequest,
  signal: AbortSignal,
): AsyncGenerator<InferenceEvent, void> {
  const startMs = upstream.api.clock.nowMs();
  const { query, documents } = request;
  refuseEmpty([query], "query");
  refuseEmpty(documents, "documents");
  const json = await namingCulprit(documents, { name: "documents", from: 0 }, (texts) =>
    postJson(upstream, {
      path: "/rerank",
      body: { model: upstream.model, query, documents: texts, return_documents: false },
      signal,
    }),
  );
  const scores = new Map<number, number>();
  for (const entry of asList(json["results"])) {
    const fields = asFields(entry);
    const index = numberOf(fields, "index");
    const score = numberOf(fields, "relevance_score") ?? numberOf(fields, "score");
    if (index !== undefined && score !== undefined) scores.set(index, score);
  }
  for (const index of documents.keys()) {
    const score = scores.get(index);
    if (score === undefined) {
      throw new MusterError("engine_failed", `${upstream.name} gave no score for document ${index}.`);
    }
    yield { kind: "score", index, score: toProbability(score, upstream), tokens: 0 };
  }
  const usage = asFields(json["usage"]);
  yield endOf(upstream, numberOf(usage, "prompt_tokens") ?? numberOf(usage, "total_tokens") ?? 0, startMs);
}

function toProbability(score: number, { scores }: Upstream): number {
  return scores === "logit" ? 1 / (1 + Math.exp(-score)) : Math.min(1, Math.max(0, score));
}
