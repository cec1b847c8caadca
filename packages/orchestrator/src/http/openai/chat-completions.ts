import type { FastifyInstance } from "fastify";
import type { AnswerSource } from "../../core/job.ts";
import type { HttpDeps } from "../http-deps.ts";
import { generationOf, respond, type Wording } from "./respond.ts";
import { chatCompletionSchema, chatToGeneration } from "./schema/chat-completions.ts";
import { parseBody } from "./schema/common.ts";

/** POST /v1/chat/completions, plain and streamed. */
export function chatCompletionsRoute(app: FastifyInstance, deps: HttpDeps): void {
  app.post("/v1/chat/completions", (request, reply) => {
    const body = parseBody(chatCompletionSchema, request.body);
    const prompts = [chatToGeneration(body, deps.randomSeed())];
    const wording = chatWording(deps, body.model);
    return respond(deps, request, reply, generationOf({ requestId: request.id, body, prompts, wording }));
  });
}

function chatWording(deps: HttpDeps, model: string): Wording {
  const id = deps.newId("chatcmpl-");
  const created = Math.floor(deps.clock.wallMs() / 1000);
  const chunk = (choices: unknown[], source?: AnswerSource) => ({
    id,
    object: "chat.completion.chunk",
    created,
    model,
    ...(source === undefined ? {} : { system_fingerprint: fingerprint(source) }),
    choices,
  });
  const choiceChunk = (index: number, delta: unknown, finish_reason: string | null, source: AnswerSource) =>
    chunk([{ index, delta, logprobs: null, finish_reason }], source);
  return {
    endpoint: "chat_completions",
    complete: (answers, usage) => ({
      id,
      object: "chat.completion",
      created,
      model,
      system_fingerprint: answers[0] === undefined ? null : fingerprint(answers[0].source),
      choices: answers.map(({ text, reason }, index) => ({
        index,
        message: { role: "assistant", content: text, refusal: null },
        logprobs: null,
        finish_reason: reason,
      })),
      usage,
    }),
    opening: (choice, source) => choiceChunk(choice, { role: "assistant", content: null }, null, source),
    piece: (choice, content, source) => choiceChunk(choice, { content }, null, source),
    closing: (choice, reason, source) => choiceChunk(choice, {}, reason, source),
    usage: (usage) => ({ ...chunk([]), usage }),
  };
}

/** Says which worker answered, where headers have been sent before that is known. */
export function fingerprint(source: AnswerSource): string {
  return `muster-${source.workerName}`;
}
