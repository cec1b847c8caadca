import { MusterError } from "@muster/base";
import { LlamaGrammar, LlamaGrammarEvaluationState, type LlamaModel } from "node-llama-cpp";

/** Clients send the same schema again and again; reading a large one takes longer than a token. */
const maxGrammars = 32;

export interface GrammarCache {
  /** The grammar at its beginning, for one answer. Throws MusterError `engine_failed` where it cannot be read. */
  begin(grammar: string): LlamaGrammarEvaluationState;
}

export function createGrammarCache(model: LlamaModel): GrammarCache {
  /** The least recently used come first. */
  const beginnings = new Map<string, LlamaGrammarEvaluationState>();
  return {
    begin(grammar) {
      const known = beginnings.get(grammar) ?? read(model, grammar);
      beginnings.delete(grammar);
      beginnings.set(grammar, known);
      for (const oldest of beginnings.keys()) {
        if (beginnings.size <= maxGrammars) break;
        beginnings.delete(oldest);
      }
      return known.clone();
    },
  };
}

function read(model: LlamaModel, grammar: string): LlamaGrammarEvaluationState {
  try {
    return new LlamaGrammarEvaluationState({ model, grammar: new LlamaGrammar(model.llama, { grammar }) });
  } catch (error) {
    throw new MusterError("engine_failed", "The engine cannot read the grammar made for this request.", {
      cause: error,
    });
  }
}
