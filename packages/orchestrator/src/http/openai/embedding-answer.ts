import { MusterError } from "@muster/base";
import type { CollectedPart, LinePart } from "../../ports/line-endpoint.ts";
import { type ByIndex, createByIndex } from "../answering/by-index.ts";
import { strayOutput } from "../answering/collect.ts";
import { chunksOf } from "./input-chunks.ts";
import type { EmbeddingRequest } from "./schema/embeddings.ts";
import { promptUsageBody } from "./usage.ts";

export type Vectors = ByIndex<readonly number[]>;

/** The jobs of a request for vectors: many inputs become several, which spread over slots and workers. */
export function embeddingParts({ input }: EmbeddingRequest): [LinePart<Vectors>, ...LinePart<Vectors>[]] {
  const [first = [], ...rest] = chunksOf(input);
  const partOf = (inputs: readonly string[]): LinePart<Vectors> => ({
    request: { task: "embed", inputs },
    begin: () => createByIndex("vector of input", inputs.length),
    add(vectors, delta) {
      if (delta.kind !== "embedding") throw strayOutput(`"${delta.kind}" in place of a vector`);
      vectors.add(delta.index, delta.values);
    },
  });
  return [partOf(first), ...rest.map(partOf)];
}

/** Vectors in OpenAI's words. Throws `invalid_request` for more dimensions than they have. */
export function embeddingBody(
  { model, dimensions, encoding_format: encoding }: EmbeddingRequest,
  collected: readonly CollectedPart<Vectors>[],
) {
  const vectors = collected.flatMap(({ state }) => state.inOrder());
  return {
    object: "list",
    model,
    data: vectors.map((vector, index) => {
      const values = cut(vector, dimensions ?? vector.length);
      const embedding = encoding === "base64" ? base64Of(values) : values;
      return { object: "embedding", index, embedding };
    }),
    usage: promptUsageBody(collected.map(({ end }) => end.usage)),
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
