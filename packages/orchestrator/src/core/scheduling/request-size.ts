import type { InferenceRequest } from "@muster/base";
import { fitTokens, tokensIn } from "../batches/token-estimate.ts";
import { promptLengthOf } from "../prompt-length.ts";

/** Of a request, roughly: enough to tell a long one from a short one. */
export interface RequestSize {
  readonly promptTokens: number;
  /** Undefined: no limit but the slot's context. */
  readonly maxTokens: number | undefined;
}

const usual = fitTokens([]);

export function requestSize(request: InferenceRequest): RequestSize {
  switch (request.task) {
    case "generate":
      return { promptTokens: tokensIn(usual, promptLengthOf(request)), maxTokens: request.maxTokens };
    case "embed":
      return { promptTokens: tokensIn(usual, lengthOf(request.inputs)), maxTokens: 0 };
    case "rerank": {
      const { query, documents } = request;
      return {
        promptTokens: tokensIn(usual, lengthOf(documents) + documents.length * query.length),
        maxTokens: 0,
      };
    }
    case "tokenize":
      return { promptTokens: 0, maxTokens: 0 };
    default:
      return request satisfies never;
  }
}

function lengthOf(texts: readonly string[]): number {
  return texts.reduce((sum, { length }) => sum + length, 0);
}
