import type { InferenceRequest, Prompt } from "@muster/base";
import { promptLengthOf } from "../prompt-length.ts";

/** What a token of usual text has. */
const charactersPerToken = 4;
/** For an answer whose length nobody has limited. */
const usualAnswerTokens = 512;

/** What a request is expected to take, before it is run. */
export interface TokenReserve {
  readonly promptTokens: number;
  /** Undefined: nobody has said how long the answers may become. */
  readonly answerTokens: number | undefined;
}

/** Of all choices and parts of one request; each of them reads its prompt and writes its own answer. */
export function reserveOf(requests: readonly InferenceRequest[]): TokenReserve {
  let [promptTokens, answerTokens] = [0, 0];
  let isLimited = true;
  for (const request of requests) {
    promptTokens += promptTokensOf(request);
    if (request.task !== "generate") continue;
    if (request.maxTokens === undefined) isLimited = false;
    answerTokens += request.maxTokens ?? 0;
  }
  return { promptTokens, answerTokens: isLimited ? answerTokens : undefined };
}

/**
 * The tokens to reserve. An answer without a limit of its own counts as a usual one, but never for more than what a
 * limit of `mostTokens` leaves beside the prompt: a guess must not shut a key out.
 */
export function tokensToReserve(
  reserve: TokenReserve,
  answers: number,
  mostTokens: number | undefined,
): number {
  const { promptTokens, answerTokens } = reserve;
  if (answerTokens !== undefined) return promptTokens + answerTokens;
  const room = mostTokens === undefined ? Number.POSITIVE_INFINITY : Math.max(0, mostTokens - promptTokens);
  return promptTokens + Math.min(usualAnswerTokens * answers, room);
}

export function promptTokensOf(request: InferenceRequest): number {
  return Math.ceil(lengthOf(request) / charactersPerToken);
}

/** What several requests have in common is one object: choices of one prompt share it. */
export function promptKeyOf(request: InferenceRequest): Prompt | InferenceRequest {
  return request.task === "generate" ? request.prompt : request;
}

function lengthOf(request: InferenceRequest): number {
  switch (request.task) {
    case "embed":
      return total(request.inputs);
    case "rerank":
      return request.query.length * request.documents.length + total(request.documents);
    case "tokenize":
    case "generate":
      return promptLengthOf(request);
    default:
      return request satisfies never;
  }
}

function total(texts: readonly string[]): number {
  return texts.reduce((sum, { length }) => sum + length, 0);
}
