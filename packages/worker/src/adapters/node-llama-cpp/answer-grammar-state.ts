import type { LlamaGrammarEvaluationState } from "node-llama-cpp";
import type { Phase } from "../../core/dialects/answer-parser.ts";
import type { AnswerPlan } from "./answer-plan.ts";
import type { GrammarCache } from "./grammar-cache.ts";

/** Which grammar holds the next token. */
export interface AnswerGrammarState {
  readonly current: LlamaGrammarEvaluationState | undefined;
  /** Told of the phase that the answer is in after every token. */
  follow(phase: Phase): void;
}

export function createAnswerGrammarState(
  { grammar, thought }: AnswerPlan,
  cache: GrammarCache,
): AnswerGrammarState {
  const begin = (text: string | undefined) => (text === undefined ? undefined : cache.begin(text));
  let phase: Phase = thought === "open" ? "thought" : "answer";
  let current =
    phase === "thought" ? undefined : begin(thought === "free" ? grammar.answerOrThought : grammar.answer);
  return {
    get current() {
      return current;
    },
    follow(next) {
      if (next === phase) return;
      if (next === "thought") current = undefined;
      else if (phase === "thought") current = begin(grammar.answer);
      else if (next === "call") current ??= begin(grammar.call);
      phase = next;
    },
  };
}
