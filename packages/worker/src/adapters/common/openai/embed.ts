import { type EmbedRequest, type InferenceEvent, MusterError } from "@muster/base";
import { asFields, asList, numberOf } from "../json-fields.ts";
import { endOf } from "./end-of.ts";
import { namingCulprit, refuseEmpty } from "./name-culprit.ts";
import { postJson } from "./post-json.ts";
import type { Upstream } from "./upstream.ts";

/** Texts in one call: between two calls a request can be cancelled, and no reply grows without limit. */
const textsPerCall = 64;

/** One vector per text, of length 1 whatever the server gives. */
export async function* embed(
  upstream: Upstream,
  request: EmbedRequest,
  signal: AbortSignal,
): AsyncGenerator<InferenceEvent, void> {
  const startMs = upstream.api.clock.nowMs();
  refuseEmpty(request.inputs, "input");
  let promptTokens = 0;
  for (let from = 0; from < request.inputs.length; from += textsPerCall) {
    const input = request.inputs.slice(from, from + textsPerCall);
    const json = await namingCulprit(input, { name: "input", from }, (texts) =>
      postJson(upstream, {
        path: "/embeddings",
        body: { model: upstream.model, input: texts, encoding_format: "float" },
        signal,
      }),
    );
    promptTokens += numberOf(asFields(json["usage"]), "prompt_tokens") ?? 0;
    const vectors = readVectors(json["data"]);
    for (let i = 0; i < input.length; i++) {
      const values = vectors.get(i);
      if (values === undefined) {
        throw new MusterError("engine_failed", `${upstream.name} gave no vector for text ${from + i}.`);
      }
      yield { kind: "embedding", index: from + i, values: toLengthOne(values), tokens: 0 };
    }
  }
  yield endOf(upstream, promptTokens, startMs);
}

function readVectors(data: unknown): ReadonlyMap<number, readonly number[]> {
  const vectors = new Map<number, readonly number[]>();
  for (const [position, entry] of asList(data).entries()) {
    const fields = asFields(entry);
    const values = asList(fields?.["embedding"]);
    if (values.length > 0 && values.every((value): value is number => typeof value === "number"))
      vectors.set(numberOf(fields, "index") ?? position, values);
  }
  return vectors;
}

function toLengthOne(values: readonly number[]): readonly number[] {
  const length = Math.hypot(...values);
  return length === 0 ? values : values.map((value) => value / length);
}
