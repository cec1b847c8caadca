import type { EndReason, InferenceDelta } from "@muster/base";
import type { LlamaModel, Token } from "node-llama-cpp";
import { type AnswerPart, createAnswerParser, type Phase } from "../../core/dialects/answer-parser.ts";
import { createStopMatcher } from "../../core/stop-matcher.ts";
import { makeCallId } from "../common/tool-call-id.ts";
import { checkAnswer } from "./answer-check.ts";
import type { AnswerPlan } from "./answer-plan.ts";
import type { ChildGenerateRequest } from "./child-messages.ts";
import { createTextDecoder, replacementCharacter } from "./text-decoder.ts";
import { createLogprobLog } from "./token-probabilities.ts";
import type { Vocabulary } from "./vocabulary.ts";

export interface OutputParts {
  readonly model: LlamaModel;
  readonly vocabulary: Vocabulary;
  readonly request: ChildGenerateRequest;
  readonly plan: AnswerPlan;
  /** Must not block: it runs between two decode steps of the whole batch. */
  readonly onDelta: (delta: InferenceDelta) => void;
}

export interface AnswerOutput {
  readonly tokens: readonly Token[];
  readonly reasoningTokens: number;
  readonly phase: Phase;
  /** Which of the request's stop strings has come; the template's own are no affair of the client. */
  readonly stopText: string | undefined;
  /** A stop string is complete, or the only call that was allowed. */
  readonly isOver: boolean;
  push(token: Token, probabilities?: ReadonlyMap<Token, number>): void;
  /**
   * Gives out what was held back, and the reason that the client is told.
   * Throws MusterError `engine_failed` for an answer that is not what its grammar should have made of it.
   */
  end(reason: "stop" | "length"): EndReason;
}

/** Tokens in; thoughts, text and calls out, with the number of tokens that made them up. */
export function createAnswerOutput({ model, vocabulary, request, plan, onDelta }: OutputParts): AnswerOutput {
  const { dialect, promptTokens } = plan;
  const parser = createAnswerParser({
    dialect,
    isTokenMark: (mark) => vocabulary.markToken(mark) !== undefined,
    startsIn: plan.thought === "open" ? "thought" : "answer",
    isTrimmed: plan.isTrimmed,
    calls: plan.calls,
    isHeld: plan.grammar.answer !== undefined,
    toolNames: new Set(request.tools?.definitions.map(({ name }) => name)),
    makeCallId,
  });
  const matcher = createStopMatcher(plan.stops);
  const log = request.topLogprobs === undefined ? undefined : createLogprobLog(model, request.topLogprobs);
  const marks: ReadonlyMap<Token, string> = request.prompt.kind === "chat" ? vocabulary.marks : new Map();
  const isSingleCall = request.tools?.isParallel === false;
  const replacement = model.tokenize(replacementCharacter, false, "trimLeadingSpace");
  const detokenize = (window: readonly Token[], before: readonly Token[]) =>
    model.detokenize(window, false, before);
  const isThought = () => parser.phase === "thought";
  const tokens: Token[] = [];
  let decoder = createTextDecoder<Token>(detokenize, promptTokens, replacement);
  let reasoningTokens = 0;
  let unreported = 0;
  let text = "";
  let stop: string | undefined;

  function give(delta: DistributiveOmit<InferenceDelta, "tokens">, count = unreported): void {
    onDelta({ ...delta, tokens: count });
    unreported = 0;
  }

  function giveText(piece: string): void {
    if (piece === "") return;
    text += piece;
    const logprobs = log?.take(piece);
    if (logprobs === undefined) give({ kind: "text", text: piece });
    else give({ kind: "text", text: piece, logprobs }, logprobs.length);
  }

  function take(parts: readonly AnswerPart[]): void {
    for (const part of parts) {
      if (stop !== undefined) return;
      if (part.kind !== "text") {
        giveText(matcher.flush());
        give(part);
        continue;
      }
      const match = matcher.push(part.text);
      giveText(match.text);
      stop = match.stop;
    }
  }

  function takeMark(token: Token, mark: string): void {
    take(parser.push({ kind: "text", text: decoder.flush() }));
    take(parser.push({ kind: "mark", mark }));
    // What follows a mark is a text of its own.
    decoder = createTextDecoder<Token>(detokenize, [token], replacement);
  }

  function takeText(token: Token, probabilities: ReadonlyMap<Token, number>): void {
    const piece = decoder.push(token);
    const shown = parser.isLeading ? piece.trimStart() : piece;
    const wasAnswer = parser.phase !== "thought";
    const parts = parser.push({ kind: "text", text: piece });
    if (wasAnswer && (shown !== "" || piece === "")) log?.push(token, shown, probabilities);
    take(parts);
  }

  return {
    tokens,
    get reasoningTokens() {
      return reasoningTokens;
    },
    get phase() {
      return parser.phase;
    },
    get stopText() {
      return stop !== undefined && request.stop.includes(stop) ? stop : undefined;
    },
    get isOver() {
      return stop !== undefined || (isSingleCall && parser.calls.length > 0);
    },
    push(token, probabilities = new Map()) {
      const wasThought = isThought();
      tokens.push(token);
      unreported += 1;
      const mark = marks.get(token);
      if (mark === undefined) takeText(token, probabilities);
      else takeMark(token, mark);
      if (wasThought || isThought()) reasoningTokens += 1;
    },
    end(reason) {
      take(parser.push({ kind: "text", text: decoder.flush() }));
      take(parser.end());
      if (stop === undefined) giveText(matcher.flush());
      const { calls } = parser;
      if (reason === "stop")
        checkAnswer({ request, plan, calls, text: stop === undefined ? text : undefined });
      return reason === "stop" && calls.length > 0 ? "tool_calls" : reason;
    },
  };
}

type DistributiveOmit<T, K extends PropertyKey> = T extends unknown ? Omit<T, K> : never;
