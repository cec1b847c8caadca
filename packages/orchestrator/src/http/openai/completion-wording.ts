import type { TokenLogprob } from "@muster/base";
import type { AnswerSource } from "../../core/job.ts";
import type { StreamEvent, StreamWording, Wording } from "../answering/wording.ts";
import { errorBody } from "../error-response.ts";
import { fingerprint, stopReason } from "./chat-wording.ts";
import { usageBody } from "./usage.ts";

export interface CompletionFrame {
  readonly id: string;
  /** Unix seconds. */
  readonly created: number;
  readonly model: string;
  readonly choicesPerPrompt: number;
  /** What the answers to each prompt begin with. */
  readonly echoes: readonly string[];
  readonly includeUsage: boolean;
  readonly hasLogprobs: boolean;
}

/** Text completions in OpenAI's words. */
export function completionWording(frame: CompletionFrame): Wording {
  const { id, created, model, choicesPerPrompt, hasLogprobs } = frame;
  return {
    endpoint: "completions",
    complete: (answers) => ({
      id,
      object: "text_completion",
      created,
      model,
      system_fingerprint: answers[0] === undefined ? null : fingerprint(answers[0].source),
      choices: answers.map(({ text, reason, stopText, logprobs }, index) => ({
        index,
        text: echoOf(frame, index) + text,
        logprobs: hasLogprobs ? legacyLogprobs(logprobs, 0) : null,
        finish_reason: reason,
        ...stopReason({ stopText }),
      })),
      usage: usageBody(
        answers.map(({ usage }) => usage),
        choicesPerPrompt,
      ),
    }),
    stream: () => completionStream(frame),
  };
}

function completionStream(frame: CompletionFrame): StreamWording {
  const { id, created, model, choicesPerPrompt, includeUsage, hasLogprobs } = frame;
  const sources = new Map<number, AnswerSource>();
  const lengths = new Map<number, number>();
  const chunk = (
    choices: readonly object[],
    source: AnswerSource | undefined,
    rest: object = {},
  ): StreamEvent[] => [
    {
      data: {
        id,
        object: "text_completion",
        created,
        model,
        ...(source === undefined ? {} : { system_fingerprint: fingerprint(source) }),
        choices,
        ...rest,
      },
    },
  ];
  const choiceChunk = (index: number, said: { readonly text: string; readonly logprobs?: object | null }) =>
    chunk([{ index, logprobs: null, finish_reason: null, ...said }], sources.get(index));
  return {
    open(choice, source) {
      sources.set(choice, source);
      const echo = echoOf(frame, choice);
      return echo === "" ? [] : choiceChunk(choice, { text: echo });
    },
    delta(choice, delta) {
      if (delta.kind !== "text") return [];
      const offset = lengths.get(choice) ?? 0;
      lengths.set(choice, offset + delta.text.length);
      const logprobs = hasLogprobs ? legacyLogprobs(delta.logprobs ?? [], offset) : null;
      return choiceChunk(choice, { text: delta.text, logprobs });
    },
    end: (index, end) =>
      chunk(
        [{ index, text: "", logprobs: null, finish_reason: end.reason, ...stopReason(end) }],
        sources.get(index),
      ),
    finish: (usages) =>
      includeUsage ? chunk([], sources.get(0), { usage: usageBody(usages, choicesPerPrompt) }) : [],
    failure: (error) => [{ data: errorBody(error) }],
    marker: "[DONE]",
  };
}

function echoOf({ echoes, choicesPerPrompt }: CompletionFrame, choice: number): string {
  return echoes[Math.floor(choice / choicesPerPrompt)] ?? "";
}

/** The shape of 2022: lists side by side. Alternatives of one text are one entry, the likelier. */
function legacyLogprobs(logprobs: readonly TokenLogprob[], from: number) {
  let offset = from;
  return {
    tokens: logprobs.map(({ text }) => text),
    token_logprobs: logprobs.map(({ logprob }) => logprob),
    top_logprobs: logprobs.map(({ top }) =>
      Object.fromEntries([...top].reverse().map(({ text, logprob }) => [text, logprob])),
    ),
    text_offset: logprobs.map(({ text }) => {
      const at = offset;
      offset += text.length;
      return at;
    }),
  };
}
