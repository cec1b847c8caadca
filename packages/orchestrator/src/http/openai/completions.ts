import { MusterError } from "@muster/base";
import type { FastifyInstance } from "fastify";
import type { HttpDeps } from "../http-deps.ts";
import { fingerprint } from "./chat-completions.ts";
import { generationOf, respond, type Wording } from "./respond.ts";
import { limits, parseBody } from "./schema/common.ts";
import { completionSchema, completionToGenerations } from "./schema/completions.ts";

/** POST /v1/completions: continues text as it is, plain and streamed. */
export function completionsRoute(app: FastifyInstance, deps: HttpDeps): void {
  app.post("/v1/completions", (request, reply) => {
    const body = parseBody(completionSchema, request.body);
    const prompts = completionToGenerations(body, deps.randomSeed());
    const choices = body.n ?? 1;
    if (prompts.length * choices > limits.maxChoices) {
      throw new MusterError(
        "invalid_request",
        `${prompts.length} prompts with n = ${choices} ask for more than ${limits.maxChoices} choices in one request.`,
        { param: "n" },
      );
    }
    const wording = completionWording(deps, body.model);
    return respond(deps, request, reply, generationOf({ requestId: request.id, body, prompts, wording }));
  });
}

function completionWording(deps: HttpDeps, model: string): Wording {
  const frame = {
    id: deps.newId("cmpl-"),
    object: "text_completion",
    created: Math.floor(deps.clock.wallMs() / 1000),
    model,
  };
  const choice = (index: number, text: string, finish_reason: string | null) => ({
    index,
    text,
    logprobs: null,
    finish_reason,
  });
  return {
    endpoint: "completions",
    complete: (answers, usage) => ({
      ...frame,
      system_fingerprint: answers[0] === undefined ? null : fingerprint(answers[0].source),
      choices: answers.map(({ text, reason }, index) => choice(index, text, reason)),
      usage,
    }),
    piece: (index, text, source) => ({
      ...frame,
      system_fingerprint: fingerprint(source),
      choices: [choice(index, text, null)],
    }),
    closing: (index, reason, source) => ({
      ...frame,
      system_fingerprint: fingerprint(source),
      choices: [choice(index, "", reason)],
    }),
    usage: (usage) => ({ ...frame, choices: [], usage }),
  };
}
