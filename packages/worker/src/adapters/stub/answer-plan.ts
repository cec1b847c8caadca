import type { EndReason, GenerateRequest, TokenLogprob } from "@muster/base";
import { directivesOf } from "./directives.ts";
import { echoTokens } from "./echo.ts";
import { minimalInstance } from "./minimal-instance.ts";
import { lastText } from "./words.ts";

/** One token of an answer. */
export type StubToken =
  | { readonly kind: "text"; readonly text: string; readonly logprob?: TokenLogprob }
  | { readonly kind: "reasoning"; readonly text: string }
  | { readonly kind: "tool-call"; readonly index: number; readonly id: string; readonly name: string }
  | { readonly kind: "tool-arguments"; readonly index: number; readonly text: string };

/** An answer that ends by itself after `length` tokens. */
export interface AnswerPlan {
  readonly length: number;
  readonly tokenAt: (index: number) => StubToken;
  /** How it ends where nothing cuts it off. */
  readonly reason: EndReason;
}

const echoLength = 16;
/** Characters of JSON in one token. */
const jsonTokenLength = 4;

/** Thoughts first; then calls, JSON in the wanted form, or the echo. */
export function planAnswer(request: GenerateRequest): AnswerPlan {
  const thought = thoughtTokens(request);
  const calls = callTokens(request);
  const json = calls.length > 0 ? [] : jsonTokens(request);
  const fixed = [...thought, ...calls, ...json];
  if (calls.length > 0 || json.length > 0) {
    const reason = calls.length > 0 ? "tool_calls" : "stop";
    return { length: fixed.length, tokenAt: (index) => fixed[index] ?? textToken(request, ""), reason };
  }
  const echo = echoTokens(lastText(request.prompt), request.sampling.logitBias ?? []);
  return {
    // Asked for more, an echo goes on for ever.
    length: thought.length + (request.maxTokens ?? echoLength),
    tokenAt: (index) => thought[index] ?? textToken(request, echo(index - thought.length)),
    reason: request.maxTokens === undefined ? "stop" : "length",
  };
}

function thoughtTokens({ prompt, thinking }: GenerateRequest): StubToken[] {
  if (thinking?.mode === "off") return [];
  const { thought } = directivesOf(lastText(prompt));
  return thought
    .slice(0, thinking?.budgetTokens)
    .map((word, index) => ({ kind: "reasoning", text: index === 0 ? word : ` ${word}` }));
}

function callTokens(request: GenerateRequest): StubToken[] {
  const { tools, prompt, sampling } = request;
  if (tools === undefined || tools.choice.kind === "none") return [];
  const { choice, definitions, isParallel } = tools;
  const offered =
    choice.kind === "named" ? definitions.filter(({ name }) => name === choice.name) : definitions;
  const asked = directivesOf(lastText(prompt)).calls.filter((call) =>
    offered.some(({ name }) => name === call.name),
  );
  const [first] = offered;
  const forced =
    choice.kind !== "auto" && asked.length === 0 && first !== undefined
      ? [
          {
            name: first.name,
            argumentsJson: JSON.stringify(minimalInstance(first.parameters ?? { type: "object" })),
          },
        ]
      : asked;
  return (isParallel ? forced : forced.slice(0, 1)).flatMap(({ name, argumentsJson }, index): StubToken[] => [
    { kind: "tool-call", index, id: `call_${sampling.seed.toString(16)}_${index}`, name },
    ...piecesOf(argumentsJson).map((text): StubToken => ({ kind: "tool-arguments", index, text })),
  ]);
}

function jsonTokens(request: GenerateRequest): StubToken[] {
  const { format, prompt } = request;
  if (format === undefined) return [];
  const value = format.kind === "json-schema" ? minimalInstance(format.schema) : { echo: lastText(prompt) };
  return piecesOf(JSON.stringify(value)).map((text) => textToken(request, text));
}

function piecesOf(text: string): string[] {
  return text.match(new RegExp(`[^]{1,${jsonTokenLength}}`, "gu")) ?? [];
}

/** Probabilities that are made up, and always the same: 1/2 for the token, then halves of the rest. */
function textToken({ topLogprobs }: GenerateRequest, text: string): StubToken {
  if (topLogprobs === undefined) return { kind: "text", text };
  const top = Array.from({ length: topLogprobs }, (_none, rank) => ({
    text: rank === 0 ? text : `${text}~${rank}`,
    logprob: (rank + 1) * Math.log(0.5),
  }));
  return { kind: "text", text, logprob: { text, logprob: Math.log(0.5), top } };
}
