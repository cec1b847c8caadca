import type { IncomingMessage, ServerResponse } from "node:http";
import { type EndReason, type GenerateUsage, type InferenceRequest, MusterError } from "@muster/base";
import type { AnswerEvent, AnswerSource } from "../../core/job.ts";
import type { LaneClass } from "../../core/lane.ts";
import type { RequestOutcome } from "../../ports/metrics.ts";
import { statusOf } from "../error-response.ts";
import type { HttpDeps } from "../http-deps.ts";

/** After a start, workers need a moment to dial in: until then an unknown model is only not here yet. */
const startupGraceMs = 15_000;
/** No model writes this much; a worker that has gone wrong might. */
const maxAnswerLength = 16_777_216;

/** Throws `model_not_found` naming the models that are served, or `not_ready` just after a start. */
export function requireModel(deps: HttpDeps, model: string): void {
  if (deps.served.has(model)) return;
  if (deps.served.list().length === 0 && deps.clock.nowMs() - deps.startedAtMs < startupGraceMs) {
    throw new MusterError("not_ready", "This orchestrator has just started and no worker has joined yet.", {
      retryAfterMs: 2_000,
    });
  }
  throw modelNotFound(deps, model);
}

/** Names what is served instead. */
export function modelNotFound(deps: HttpDeps, model: string): MusterError {
  const known = deps.served.list();
  const served =
    known.length === 0 ? "No model is served: no worker has joined." : `Served now: ${known.join(", ")}.`;
  return new MusterError(
    "model_not_found",
    `The model "${model.slice(0, 256)}" is not served here. ${served}`,
    {
      param: "model",
    },
  );
}

/** Fires when the client has gone before its answer was complete. */
export function abortOnDisconnect(request: IncomingMessage, response: ServerResponse): AbortController {
  const controller = new AbortController();
  response.on("close", () => {
    if (!response.writableFinished) controller.abort();
  });
  if (request.destroyed && !request.complete) controller.abort();
  return controller;
}

export interface SubmitAnswers {
  readonly requestId: string;
  readonly model: string;
  readonly laneClass: LaneClass;
  /** One choice each. */
  readonly generations: readonly InferenceRequest[];
  readonly isStreamed: boolean;
  readonly signal: AbortSignal;
}

/** Submits every choice of a request as a job of its own, so that they spread over slots and workers. */
export async function submitAnswers(
  deps: HttpDeps,
  submit: SubmitAnswers,
): Promise<AsyncIterable<AnswerEvent>[]> {
  const { requestId, model, laneClass, generations, isStreamed, signal } = submit;
  const acceptedAtMs = deps.clock.nowMs();
  const answers = await Promise.all(
    generations.map((request, choice) =>
      deps.desk.submit({
        requestId: generations.length === 1 ? requestId : `${requestId}-${choice}`,
        lane: { model, class: laneClass },
        request,
        queueTimeoutMs: deps.queueTimeoutMs,
        isRestartable: !isStreamed,
        signal,
      }),
    ),
  );
  return answers.map((answer) => measured(deps, model, acceptedAtMs, answer));
}

async function* measured(
  deps: HttpDeps,
  model: string,
  acceptedAtMs: number,
  answer: AsyncIterable<AnswerEvent>,
): AsyncIterable<AnswerEvent> {
  const { metrics, clock } = deps;
  let lastPieceMs: number | undefined;
  for await (const event of answer) {
    if (event.kind === "delta") {
      const nowMs = clock.nowMs();
      if (lastPieceMs === undefined) metrics.firstToken(model, nowMs - acceptedAtMs);
      else if (event.delta.tokens > 0) metrics.interToken(model, (nowMs - lastPieceMs) / event.delta.tokens);
      lastPieceMs = nowMs;
    } else if (event.kind === "end") metrics.tokensUsed(model, event.usage);
    yield event;
  }
}

export interface GatheredAnswer {
  readonly text: string;
  readonly reason: EndReason;
  readonly usage: GenerateUsage;
  readonly source: AnswerSource;
}

/** Reads one answer to its end. A new start means that an earlier attempt was lost: its text is dropped. */
export async function gather(answer: AsyncIterable<AnswerEvent>): Promise<GatheredAnswer> {
  let text = "";
  for await (const event of answer) {
    switch (event.kind) {
      case "started":
        text = "";
        break;
      case "delta":
        if (event.delta.kind === "text") text += event.delta.text;
        if (text.length > maxAnswerLength) throw tooLong();
        break;
      case "end":
        return { text, reason: event.reason, usage: event.usage, source: event.source };
      default:
        event satisfies never;
    }
  }
  throw new MusterError("internal", "An answer ended without an end.");
}

function tooLong(): MusterError {
  return new MusterError("engine_failed", `The answer grew beyond ${maxAnswerLength} characters.`);
}

/** OpenAI's usage of a request: the prompt counts once for its choices, each choice's tokens count. */
export function usageBody(usages: readonly GenerateUsage[], choicesPerPrompt: number) {
  const prompts = usages.filter((_usage, index) => index % choicesPerPrompt === 0);
  const sum = (of: readonly GenerateUsage[], pick: (usage: GenerateUsage) => number) =>
    of.reduce((total, usage) => total + pick(usage), 0);
  const promptTokens = sum(prompts, (usage) => usage.promptTokens);
  const completionTokens = sum(usages, (usage) => usage.completionTokens);
  return {
    prompt_tokens: promptTokens,
    completion_tokens: completionTokens,
    total_tokens: promptTokens + completionTokens,
    prompt_tokens_details: { cached_tokens: sum(prompts, (usage) => usage.cachedTokens) },
  };
}

export function outcomeOf(error: MusterError | undefined): RequestOutcome {
  if (error === undefined) return "ok";
  if (error.code === "cancelled") return "cancelled";
  if (error.code === "queue_timeout") return "timeout";
  const status = statusOf(error);
  if (status === 429) return "rejected";
  return status < 500 ? "client_error" : "server_error";
}
