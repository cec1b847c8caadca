import {
  type EndReason,
  type GenerateRequest,
  type GenerateUsage,
  type InferenceDelta,
  MusterError,
  type TokenLogprob,
  type ToolCall,
} from "@muster/base";
import type { AnswerEvent, AnswerSource } from "../../core/job.ts";
import type { CollectedPart, LinePart } from "../../ports/line-endpoint.ts";
import { collect, strayOutput } from "./collect.ts";

/** No model writes this much; a worker that has gone wrong might. */
const maxAnswerLength = 16_777_216;
const maxToolCalls = 256;

/** A whole generated answer. */
export interface GatheredAnswer {
  readonly text: string;
  /** "" where there was no thought. */
  readonly reasoning: string;
  readonly toolCalls: readonly ToolCall[];
  /** Of the text's tokens, where they were asked for. */
  readonly logprobs: readonly TokenLogprob[];
  readonly reason: EndReason;
  readonly stopText?: string | undefined;
  readonly usage: GenerateUsage;
  readonly source: AnswerSource;
}

/** A generated answer while it is being collected. */
export interface GrowingAnswer {
  text: string;
  reasoning: string;
  readonly toolCalls: { readonly id: string; readonly name: string; argumentsJson: string }[];
  readonly logprobs: TokenLogprob[];
  length: number;
}

/** A generation, and how what comes of it is collected. */
export function generationPart(request: GenerateRequest): LinePart<GrowingAnswer> {
  return { request, begin, add };
}

export function gathered({ state, end }: CollectedPart<GrowingAnswer>): GatheredAnswer {
  const { text, reasoning, toolCalls, logprobs } = state;
  const { reason, stopText, usage, source } = end;
  return { text, reasoning, toolCalls, logprobs, reason, stopText, usage, source };
}

/** Reads one generated answer to its end. */
export async function gather(answer: AsyncIterable<AnswerEvent>): Promise<GatheredAnswer> {
  return gathered(await collect(answer, begin, add));
}

function begin(): GrowingAnswer {
  return { text: "", reasoning: "", toolCalls: [], logprobs: [], length: 0 };
}

function add(state: GrowingAnswer, delta: InferenceDelta): void {
  switch (delta.kind) {
    case "text":
      state.text += delta.text;
      for (const logprob of delta.logprobs ?? []) state.logprobs.push(logprob);
      grow(state, delta.text);
      break;
    case "reasoning":
      state.reasoning += delta.text;
      grow(state, delta.text);
      break;
    case "tool-call":
      if (delta.index !== state.toolCalls.length || delta.index >= maxToolCalls)
        throw strayOutput(`tool call ${delta.index} came after ${state.toolCalls.length} calls`);
      state.toolCalls.push({ id: delta.id, name: delta.name, argumentsJson: "" });
      break;
    case "tool-arguments": {
      const call = state.toolCalls[delta.index];
      if (call === undefined) throw strayOutput(`arguments of tool call ${delta.index}, which has not begun`);
      call.argumentsJson += delta.text;
      grow(state, delta.text);
      break;
    }
    case "embedding":
    case "score":
    case "token-ids":
      throw strayOutput(`"${delta.kind}" in a generated answer`);
    default:
      delta satisfies never;
  }
}

function grow(state: GrowingAnswer, text: string): void {
  state.length += text.length;
  requireBounded(state.length);
}

/** Throws `engine_failed` for an answer of more characters than any model writes. */
export function requireBounded(length: number): void {
  if (length > maxAnswerLength)
    throw new MusterError("engine_failed", `The answer grew beyond ${maxAnswerLength} characters.`);
}
