import { type LogitBias, MusterError } from "@muster/base";
import type { Token } from "node-llama-cpp";
import { type GrammarPlan, planGrammar } from "../../core/dialects/answer-grammar.ts";
import type { AnswerParserOptions } from "../../core/dialects/answer-parser.ts";
import { type Dialect, type PromptThought, plainDialect } from "../../core/dialects/dialect.ts";
import { callableTools } from "../../core/dialects/tool-schema.ts";
import type { ChildGenerateRequest } from "./child-messages.ts";
import { promptTooLong } from "./prompt-length.ts";
import type { PromptTokenizer } from "./prompt-tokens.ts";
import type { Vocabulary } from "./vocabulary.ts";
import { tookTooLong, withinTime } from "./within-time.ts";

/** Schemas are bounded in size and depth: none that people write comes near it. */
const grammarDeadlineMs = 3_000;

/** Everything about an answer that is known before its first token. */
export interface AnswerPlan {
  readonly promptTokens: Token[];
  readonly dialect: Dialect;
  readonly thought: PromptThought;
  readonly grammar: GrammarPlan;
  readonly calls: AnswerParserOptions["calls"];
  readonly stops: readonly string[];
  /** The answer's leading space is not its own. */
  readonly isTrimmed: boolean;
  readonly tokenBias: ReadonlyMap<Token, number>;
}

/**
 * Throws MusterError `invalid_request`, `unsupported` or `context_length_exceeded`, with `param` where a field is at
 * fault.
 */
export function planAnswer(
  prompts: PromptTokenizer,
  request: ChildGenerateRequest,
  contextTokens: number,
): AnswerPlan {
  const { prompt, format, sampling } = request;
  const tools = prompt.kind === "chat" && hasTools(request) ? request.tools : undefined;
  const dialect = prompt.kind === "chat" ? prompts.dialect : plainDialect;
  const { vocabulary } = prompts;
  const grammar = withinTime(grammarDeadlineMs, () =>
    planGrammar(dialect, { tools, format }, vocabulary.markToken),
  );
  if (grammar === tookTooLong) throw tooHard(format !== undefined);
  const { tokens, thought } = prompts.prepare(request, contextTokens);
  if (tokens.length + 1 > contextTokens) {
    throw promptTooLong(prompt.kind === "chat" ? "messages" : "prompt", contextTokens, tokens.length);
  }
  const { stops, isTrimmed } = prompts.answerRules(prompt);
  const areCalled = tools !== undefined && callableTools(tools).length > 0;
  return {
    promptTokens: tokens,
    dialect,
    thought,
    grammar,
    calls: areCalled ? howCallsCome(dialect, vocabulary) : "none",
    stops: [...request.stop, ...stops],
    isTrimmed: isTrimmed || (dialect.thought !== undefined && thought === "closed"),
    tokenBias: new Map([
      ...requestedBias(sampling.logitBias ?? [], vocabulary.size),
      ...(tools === undefined || areCalled ? [] : forbiddenCalls(dialect, vocabulary)),
    ]),
  };
}

function tooHard(isFormat: boolean): MusterError {
  return new MusterError(
    "invalid_request",
    `A grammar for the schema was not made within ${grammarDeadlineMs} ms. Make it smaller or simpler.`,
    { param: isFormat ? "response_format" : "tools" },
  );
}

function hasTools({ tools }: ChildGenerateRequest): boolean {
  return tools !== undefined && tools.definitions.length > 0;
}

function howCallsCome({ call }: Dialect, { markToken }: Vocabulary): "held" | "free" {
  const { marks } = call;
  const areTokens =
    marks !== undefined && [marks.open, marks.close].every((mark) => markToken(mark) !== undefined);
  return areTokens ? "held" : "free";
}

function requestedBias(biases: readonly LogitBias[], size: number): [Token, number][] {
  return biases.map(({ tokenId, bias }) => {
    if (!Number.isInteger(tokenId) || tokenId < 0 || tokenId >= size) {
      throw new MusterError(
        "invalid_request",
        `logit_bias names token ${tokenId}; this model's vocabulary has ${size} tokens, numbered from 0.`,
        { param: "logit_bias" },
      );
    }
    return [tokenId as Token, bias];
  });
}

function forbiddenCalls({ call }: Dialect, { markToken }: Vocabulary): [Token, number][] {
  const token = call.marks === undefined ? undefined : markToken(call.marks.open);
  return token === undefined ? [] : [[token, Number.NEGATIVE_INFINITY]];
}
