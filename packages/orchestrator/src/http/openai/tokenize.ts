import { type ChatMessage, type InferenceDelta, MusterError, type TokenizeRequest } from "@muster/base";
import type { FastifyInstance, FastifyReply, FastifyRequest } from "fastify";
import type { ModelPatterns } from "../../core/access/model-gate.ts";
import { accounted } from "../answering/accounted.ts";
import { strayOutput } from "../answering/collect.ts";
import { contextTokensOf, servedTo, unknownModel } from "../answering/served.ts";
import { targetOf } from "../answering/target.ts";
import { collectParts } from "../answering/whole.ts";
import type { HttpDeps } from "../http-deps.ts";
import { parseBody } from "../parsing/body.ts";
import { tokenization, tokenizeSchema } from "./schema/tokenize.ts";

/** Its tokens come back in one message over the worker link. */
const maxPromptLength = 1_048_576;

interface Tokens {
  readonly ids: number[];
  readonly texts: string[];
}

/** POST /tokenize and /v1/tokenize: the tokens that a prompt becomes. */
export function tokenizeRoute(app: FastifyInstance, deps: HttpDeps): void {
  for (const path of ["/tokenize", "/v1/tokenize"])
    app.post(path, { config: { scope: "inference" } }, (request, reply) => {
      const body = parseBody(tokenizeSchema, request.body);
      const asked = tokenization(body);
      const name = body.model ?? onlyModel(deps, request.principal.models);
      return tokenized(
        deps,
        request,
        reply,
        { name, request: asked, endpoint: "tokenize", body },
        ({ ids, texts }, model) => ({
          model,
          count: ids.length,
          max_model_len: contextTokensOf(deps, model),
          tokens: ids,
          ...(body.return_token_strs === true ? { token_strs: texts } : {}),
        }),
      );
    });
}

/** Has a worker cut up a prompt, and answers in the words of the caller. */
export function tokenized(
  deps: HttpDeps,
  request: FastifyRequest,
  reply: FastifyReply,
  asked: {
    readonly name: string;
    readonly request: TokenizeRequest;
    readonly endpoint: string;
    readonly body: { readonly deadline_ms?: number | null | undefined };
  },
  word: (tokens: Tokens, model: string) => object,
): Promise<FastifyReply> {
  requireShort(asked.request);
  const target = targetOf(deps, { ...asked, from: request });
  const { model } = target;
  const laneClass = "interactive";
  return accounted(
    deps,
    request,
    reply,
    { model, endpoint: asked.endpoint, laneClass },
    async (answering) => {
      const begin = (): Tokens => ({ ids: [], texts: [] });
      const [part] = await collectParts(
        { deps, reply, ...answering },
        { requestId: request.id, target, laneClass },
        [{ request: asked.request, begin, add: addTokens }],
      );
      await reply.send(word(part?.state ?? begin(), model));
      return undefined;
    },
  );
}

function addTokens({ ids, texts }: Tokens, delta: InferenceDelta): void {
  if (delta.kind !== "token-ids") throw strayOutput(`"${delta.kind}" in place of tokens`);
  for (const id of delta.ids) ids.push(id);
  for (const text of delta.texts) texts.push(text);
}

function requireShort({ prompt, tools }: TokenizeRequest): void {
  const length =
    prompt.kind === "text"
      ? prompt.text.length
      : prompt.messages.reduce((sum, message) => sum + lengthOf(message), 0) +
        JSON.stringify(tools?.definitions ?? []).length;
  if (length <= maxPromptLength) return;
  throw new MusterError(
    "request_too_large",
    `A prompt of more than ${maxPromptLength} characters is not cut into tokens. Send it in parts.`,
  );
}

function lengthOf({ content, reasoning = "", toolCalls = [] }: ChatMessage): number {
  return (
    content.length +
    reasoning.length +
    toolCalls.reduce((sum, { name, argumentsJson }) => sum + name.length + argumentsJson.length, 0)
  );
}

function onlyModel(deps: HttpDeps, allowed: ModelPatterns): string {
  const models = servedTo(deps, allowed);
  const [only] = models;
  // Says why there is none.
  if (only === undefined) throw unknownModel(deps, "", allowed);
  if (models.length === 1) return only;
  throw new MusterError(
    "invalid_request",
    `"model" is missing, and more than one is served: ${models.join(", ")}.`,
    { param: "model" },
  );
}
