import type {
  EmbedRequest,
  GenerateUsage,
  InferenceDelta,
  RerankRequest,
  TokenizeRequest,
} from "@muster/base";
import { promptTokens, wordId, wordsOf } from "./words.ts";

const dimensions = 64;

type TextRequest = EmbedRequest | RerankRequest | TokenizeRequest;

/** The answer to what is no generation: vectors, scores or tokens. */
export function answerTexts(request: TextRequest): InferenceDelta[] {
  switch (request.task) {
    case "embed":
      return request.inputs.map((text, index) => ({
        kind: "embedding",
        index,
        values: vectorOf(text),
        tokens: 0,
      }));
    case "rerank":
      return request.documents.map((document, index) => ({
        kind: "score",
        index,
        score: overlap(request.query, document),
        tokens: 0,
      }));
    case "tokenize": {
      const texts = promptTokens(request);
      return [{ kind: "token-ids", ids: texts.map(wordId), texts, tokens: 0 }];
    }
    default:
      return request satisfies never;
  }
}

/** Every text of a request, where words that make the stub fail are looked for. */
export function textsOf(request: TextRequest): readonly string[] {
  switch (request.task) {
    case "embed":
      return request.inputs;
    case "rerank":
      return [request.query, ...request.documents];
    case "tokenize":
      return promptTokens(request);
    default:
      return request satisfies never;
  }
}

export function usageOfTexts(request: TextRequest): GenerateUsage {
  const words = textsOf(request).reduce((sum, text) => sum + wordsOf(text).length, 0);
  return { promptTokens: words, cachedTokens: 0, completionTokens: 0 };
}

/** Counts of hashed words, scaled to length 1: texts that share words are near each other. */
function vectorOf(text: string): number[] {
  const values = Array.from({ length: dimensions }, () => 0);
  for (const word of wordsOf(text)) {
    const at = wordId(word.toLowerCase()) % dimensions;
    values[at] = (values[at] ?? 0) + 1;
  }
  const length = Math.hypot(...values) || 1;
  return values.map((value) => value / length);
}

/** The share of the query's words that the document has. */
function overlap(query: string, document: string): number {
  const wanted = new Set(wordsOf(query.toLowerCase()));
  const found = new Set(wordsOf(document.toLowerCase()).filter((word) => wanted.has(word)));
  return wanted.size === 0 ? 0 : found.size / wanted.size;
}
