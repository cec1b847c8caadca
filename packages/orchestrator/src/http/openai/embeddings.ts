import { MusterError } from "@muster/base";
import type { FastifyInstance } from "fastify";
import { accounted } from "../answering/accounted.ts";
import { type ByIndex, createByIndex } from "../answering/by-index.ts";
import { strayOutput } from "../answering/collect.ts";
import { collectParts, type Part } from "../answering/whole.ts";
import type { HttpDeps } from "../http-deps.ts";
import { parseBody } from "../parsing/body.ts";
import { laneClassOf } from "../parsing/choices.ts";
import { chunksOf } from "./input-chunks.ts";
import { embeddingSchema } from "./schema/embeddings.ts";
import { promptUsageBody } from "./usage.ts";

type Vectors = ByIndex<readonly number[]>;

/** POST /v1/embeddings. Many inputs become several jobs, which spread over slots and workers. */
export function embeddingsRoute(app: FastifyInstance, deps: HttpDeps): void {
  app.post("/v1/embeddings", (request, reply) => {
    const body = parseBody(embeddingSchema, request.body);
    const { model, encoding_format: encoding, dimensions } = body;
    const chunks = chunksOf(body.input);
    return accounted(deps, request, reply, { model, endpoint: "embeddings" }, async ({ signal }) => {
      const asked = { requestId: request.id, model, laneClass: laneClassOf(body.service_tier) };
      const parts = await collectParts({ deps, reply, signal }, asked, chunks.map(partOf));
      const vectors = parts.flatMap(({ state }) => state.inOrder());
      await reply.send({
        object: "list",
        model,
        data: vectors.map((vector, index) => {
          const values = cut(vector, dimensions ?? vector.length);
          const embedding = encoding === "base64" ? base64Of(values) : values;
          return { object: "embedding", index, embedding };
        }),
        usage: promptUsageBody(parts.map(({ end }) => end.usage)),
      });
      return undefined;
    });
  });
}

function partOf(inputs: readonly string[]): Part<Vectors> {
  return {
    request: { task: "embed", inputs },
    begin: () => createByIndex("vector of input", inputs.length),
    add(vectors, delta) {
      if (delta.kind !== "embedding") throw strayOutput(`"${delta.kind}" in place of a vector`);
      vectors.add(delta.index, delta.values);
    },
  };
}

/**
 * The first `dimensions` values, of length 1 again: what models that were trained for it (Matryoshka) allow. Whether
 * this one was is for the client to know.
 */
function cut(values: readonly number[], dimensions: number): readonly number[] {
  if (dimensions === values.length) return values;
  if (dimensions > values.length) {
    throw new MusterError(
      "invalid_request",
      `"dimensions" is wrong: the model's vectors have ${values.length} values, fewer than ${dimensions}.`,
      { param: "dimensions" },
    );
  }
  const kept = values.slice(0, dimensions);
  const length = Math.hypot(...kept) || 1;
  return kept.map((value) => value / length);
}

/** Little-endian 32-bit floats, as OpenAI's clients ask for by themselves. */
function base64Of(values: readonly number[]): string {
  const bytes = Buffer.alloc(values.length * 4);
  for (const [index, value] of values.entries()) bytes.writeFloatLE(value, index * 4);
  return bytes.toString("base64");
}
