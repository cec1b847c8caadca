import type { InferenceDelta } from "@muster/base";
import type { GatheredAnswer } from "../answering/gather.ts";
import type { StreamEvent, StreamWording, Wording } from "../answering/wording.ts";
import { type ItemEvent, OutputItems } from "./output-items.ts";
import { endStatus, type ResponseFrame, type ResponseProgress, responseBody } from "./response-body.ts";

interface WordingOptions {
  readonly frame: ResponseFrame;
  readonly newId: (prefix: string) => string;
  /** In seconds. */
  readonly now: () => number;
}

export const responseParams: Wording["params"] & object = {
  structured_output: "text.format",
  thinking: "reasoning.effort",
  logprobs: "include",
  vision: "input",
};

/** How POST /v1/responses words an answer. */
export function responseWording({ frame, newId, now }: WordingOptions): Wording {
  return {
    endpoint: "responses",
    params: responseParams,
    complete: ([answer]) => {
      const items = new OutputItems(newId);
      if (answer === undefined) return undefined;
      for (const delta of deltasOf(answer)) items.push(delta);
      const { reason, usage } = answer;
      items.end(endStatus(reason));
      const outcome = { kind: "ended", reason, usage, endedAt: now() } as const;
      return responseBody(frame, { output: items.done, outcome });
    },
    stream: () => streamWording({ frame, newId, now }),
  };
}

function streamWording({ frame, newId, now }: WordingOptions): StreamWording {
  const items = new OutputItems(newId);
  let sequence = 0;
  const numbered = (events: readonly ItemEvent[]): StreamEvent[] =>
    events.map((event) => ({ event: event.type, data: { ...event, sequence_number: sequence++ } }));
  const whole = (type: string, outcome: ResponseProgress["outcome"]): ItemEvent => ({
    type,
    response: responseBody(frame, { output: [...items.done], outcome }),
  });
  const opening = () => [
    whole("response.created", { kind: "in_progress" }),
    whole("response.in_progress", { kind: "in_progress" }),
  ];
  return {
    open: () => numbered(opening()),
    delta: (_choice, delta) => numbered(items.push(delta)),
    end: (_choice, { reason, usage }) => {
      const status = endStatus(reason);
      const closing = items.end(status);
      const outcome = { kind: "ended", reason, usage, endedAt: now() } as const;
      return numbered([...closing, whole(`response.${status}`, outcome)]);
    },
    finish: () => [],
    // A failure can be the first thing that a stream says, and clients build on what was created.
    failure: (error) =>
      numbered([...(sequence === 0 ? opening() : []), whole("response.failed", { kind: "failed", error })]),
  };
}

/** A whole answer in the order in which it would have been streamed. */
function* deltasOf({ reasoning, text, logprobs, toolCalls }: GatheredAnswer): Generator<InferenceDelta> {
  if (reasoning !== "") yield { kind: "reasoning", text: reasoning, tokens: 0 };
  if (text !== "") yield { kind: "text", text, logprobs, tokens: 0 };
  for (const [index, { id, name, argumentsJson }] of toolCalls.entries()) {
    yield { kind: "tool-call", index, id, name, tokens: 0 };
    yield { kind: "tool-arguments", index, text: argumentsJson, tokens: 0 };
  }
}
