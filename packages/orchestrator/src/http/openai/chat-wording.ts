import type { InferenceDelta, TokenLogprob } from "@muster/base";
import type { AnswerSource } from "../../core/job.ts";
import type { GatheredAnswer } from "../answering/gather.ts";
import type { StreamEvent, StreamWording, Wording } from "../answering/wording.ts";
import { errorBody } from "../error-response.ts";
import { usageBody } from "./usage.ts";

export interface ChatFrame {
  readonly id: string;
  /** Unix seconds. */
  readonly created: number;
  readonly model: string;
  readonly choices: number;
  readonly includeUsage: boolean;
  /** Whether probabilities were asked for. */
  readonly hasLogprobs: boolean;
}

/** Chat completions in OpenAI's words. */
export function chatWording(frame: ChatFrame): Wording {
  const { id, created, model, choices, hasLogprobs } = frame;
  return {
    endpoint: "chat_completions",
    complete: (answers) => ({
      id,
      object: "chat.completion",
      created,
      model,
      system_fingerprint: answers[0] === undefined ? null : fingerprint(answers[0].source),
      choices: answers.map((answer, index) => ({
        index,
        message: messageBody(answer),
        logprobs: hasLogprobs ? logprobsBody(answer.logprobs) : null,
        finish_reason: answer.reason,
        ...stopReason(answer),
      })),
      usage: usageBody(
        answers.map(({ usage }) => usage),
        choices,
      ),
    }),
    stream: () => chatStream(frame),
  };
}

function messageBody({ text, reasoning, toolCalls }: GatheredAnswer) {
  return {
    role: "assistant",
    content: text === "" && toolCalls.length > 0 ? null : text,
    refusal: null,
    ...(reasoning === "" ? {} : { reasoning_content: reasoning }),
    ...(toolCalls.length === 0
      ? {}
      : {
          tool_calls: toolCalls.map(({ id, name, argumentsJson }) => ({
            id,
            type: "function",
            function: { name, arguments: argumentsJson },
          })),
        }),
  };
}

function chatStream({ id, created, model, choices, includeUsage, hasLogprobs }: ChatFrame): StreamWording {
  const sources = new Map<number, AnswerSource>();
  const chunk = (body: object, source: AnswerSource | undefined): StreamEvent[] => [
    {
      data: {
        id,
        object: "chat.completion.chunk",
        created,
        model,
        ...(source === undefined ? {} : { system_fingerprint: fingerprint(source) }),
        ...body,
      },
    },
  ];
  const choiceChunk = (index: number, said: { readonly delta: object } & Readonly<Record<string, unknown>>) =>
    chunk({ choices: [{ index, logprobs: null, finish_reason: null, ...said }] }, sources.get(index));
  return {
    open(choice, source) {
      sources.set(choice, source);
      return choiceChunk(choice, { delta: { role: "assistant", content: null } });
    },
    delta(choice, delta) {
      const said = deltaBody(delta);
      if (said === undefined) return [];
      const logprobs = delta.kind === "text" && hasLogprobs ? logprobsBody(delta.logprobs ?? []) : null;
      return choiceChunk(choice, { delta: said, logprobs });
    },
    end: (choice, end) => choiceChunk(choice, { delta: {}, finish_reason: end.reason, ...stopReason(end) }),
    finish: (usages) =>
      includeUsage ? chunk({ choices: [], usage: usageBody(usages, choices) }, sources.get(0)) : [],
    failure: (error) => [{ data: errorBody(error) }],
    marker: "[DONE]",
  };
}

/** Undefined for output that is no part of a chat answer. */
function deltaBody(delta: InferenceDelta): object | undefined {
  switch (delta.kind) {
    case "text":
      return { content: delta.text };
    case "reasoning":
      return { reasoning_content: delta.text };
    case "tool-call": {
      const { index, id, name } = delta;
      return { tool_calls: [{ index, id, type: "function", function: { name, arguments: "" } }] };
    }
    case "tool-arguments":
      return { tool_calls: [{ index: delta.index, function: { arguments: delta.text } }] };
    case "embedding":
    case "score":
    case "token-ids":
      return undefined;
    default:
      return delta satisfies never;
  }
}

function logprobsBody(logprobs: readonly TokenLogprob[]) {
  return {
    content: logprobs.map(({ text, logprob, top }) => ({
      ...tokenBody(text, logprob),
      top_logprobs: top.map((alternative) => tokenBody(alternative.text, alternative.logprob)),
    })),
    refusal: null,
  };
}

function tokenBody(token: string, logprob: number) {
  return { token, logprob, bytes: [...Buffer.from(token)] };
}

/** vLLM's field for the stop text that ended an answer. */
export function stopReason({ stopText }: { readonly stopText?: string | undefined }) {
  return stopText === undefined ? {} : { stop_reason: stopText };
}

/** Longer names are cut: clients compare fingerprints, and some show them. */
const maxNameLength = 48;

/** Says which worker answered, with which model and file, where headers have been sent before that is known. */
export function fingerprint({ workerName, model, variant }: AnswerSource): string {
  const names = [workerName, model, variant].filter((name) => name !== undefined);
  return ["muster", ...names.map((name) => name.replace(/[^\w.-]+/g, "_").slice(0, maxNameLength))].join("-");
}
