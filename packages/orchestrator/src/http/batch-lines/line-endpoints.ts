import { type GenerateRequest, MusterError } from "@muster/base";
import type { BatchEndpoint } from "../../core/batches/batch.ts";
import type { LineEndpoints, LineIdentity, LinePlan } from "../../ports/line-endpoint.ts";
import { errorBody, statusOf } from "../error-response.ts";
import { chatWording } from "../openai/chat-wording.ts";
import { completionWording } from "../openai/completion-wording.ts";
import { embeddingBody, embeddingParts } from "../openai/embedding-answer.ts";
import { chatCompletionSchema, chatToGeneration } from "../openai/schema/chat-completions.ts";
import { completionPlan, completionSchema } from "../openai/schema/completions.ts";
import { embeddingSchema } from "../openai/schema/embeddings.ts";
import { parseBody, wrong } from "../parsing/body.ts";
import { choicesOf } from "../parsing/choices.ts";
import { sampledFor } from "../parsing/sampling.ts";
import { responseToGeneration } from "../responses/generation.ts";
import { responseSchema } from "../responses/schema.ts";
import { responseWording } from "../responses/wording.ts";
import { generationPlan } from "./generation-plan.ts";
import { linePlan } from "./line-plan.ts";

type Plan = (body: unknown, identity: LineIdentity) => LinePlan;

const plans: Readonly<Record<BatchEndpoint, Plan>> = {
  "/v1/chat/completions": planChat,
  "/v1/completions": planCompletion,
  "/v1/embeddings": planEmbedding,
  "/v1/responses": planResponse,
};

/** The endpoints as lines of batches have them: the same parsing and wording as over HTTP. */
export function createLineEndpoints(): LineEndpoints {
  return {
    plan: (endpoint, body, identity) => plans[endpoint](body, identity),
    failure(thrown) {
      const error = MusterError.from(thrown);
      return { status: statusOf(error), body: errorBody(error) };
    },
  };
}

function planChat(given: unknown, identity: LineIdentity): LinePlan {
  const body = parseBody(chatCompletionSchema, given);
  requireWhole(body);
  const { runOn } = identity;
  const model = runOn?.model ?? body.model;
  const prompt = sampledFor(chatToGeneration(body, identity.seed), body, runOn?.sampling);
  const choices = body.n ?? 1;
  return generationPlan({
    model,
    requests: atLeastOne(choicesOf([prompt], choices)),
    hasOwnSeed: hasSeed(body),
    wording: chatWording({
      id: `chatcmpl-${identity.name}`,
      created: identity.createdAtSeconds,
      model,
      choices,
      includeUsage: true,
      hasLogprobs: prompt.topLogprobs !== undefined,
    }),
  });
}

function planCompletion(given: unknown, identity: LineIdentity): LinePlan {
  const body = parseBody(completionSchema, given);
  requireWhole(body);
  const { runOn } = identity;
  const model = runOn?.model ?? body.model;
  const { generations, echoes, choicesPerPrompt } = completionPlan(body, identity.seed);
  const sampled = generations.map((each) => sampledFor(each, body, runOn?.sampling));
  return generationPlan({
    model,
    requests: atLeastOne(choicesOf(sampled, choicesPerPrompt)),
    hasOwnSeed: hasSeed(body),
    wording: completionWording({
      id: `cmpl-${identity.name}`,
      created: identity.createdAtSeconds,
      model,
      choicesPerPrompt,
      echoes,
      includeUsage: true,
      hasLogprobs: body.logprobs !== undefined && body.logprobs !== null,
    }),
  });
}

function planResponse(given: unknown, identity: LineIdentity): LinePlan {
  const body = parseBody(responseSchema, given);
  requireWhole(body);
  const { runOn } = identity;
  const model = runOn?.model ?? body.model;
  const generation = sampledFor(responseToGeneration(body, identity.seed), body, runOn?.sampling);
  const createdAt = identity.createdAtSeconds;
  // For the items of its output.
  let ids = 0;
  const newId = (prefix: string) => `${prefix}${identity.name}-${ids++}`;
  return generationPlan({
    model,
    requests: [generation],
    hasOwnSeed: hasSeed(body),
    wording: responseWording({
      frame: {
        id: `resp_${identity.name}`,
        createdAt,
        request: { ...body, model },
        sampling: generation.sampling,
      },
      newId,
      now: () => createdAt,
    }),
  });
}

function planEmbedding(given: unknown, { runOn }: LineIdentity): LinePlan {
  const parsed = parseBody(embeddingSchema, given);
  const body = { ...parsed, model: runOn?.model ?? parsed.model };
  requireWhole(body);
  return linePlan({
    model: body.model,
    needs: embeddingNeeds,
    parts: embeddingParts(body),
    word: (collected) => embeddingBody(body, collected),
    isDeterministic: true,
    leading: "",
    promptLength: body.input.reduce((sum, text) => sum + text.length, 0),
    maxTokens: 0,
  });
}

const embeddingNeeds: LinePlan["needs"] = new Set(["embedding"]);

/** Nobody listens to a line while it is being answered. */
function requireWhole(body: Readonly<Record<string, unknown>>): void {
  if (body["stream"] === true)
    throw wrong("stream", "the lines of a batch are answered whole. Leave it out.");
}

function hasSeed({ seed }: { readonly seed?: number | null | undefined }): boolean {
  return seed !== undefined && seed !== null;
}

function atLeastOne(requests: readonly GenerateRequest[]): [GenerateRequest, ...GenerateRequest[]] {
  const [first, ...rest] = requests;
  if (first === undefined)
    throw new MusterError("internal", "A request without a single choice was let through.");
  return [first, ...rest];
}
