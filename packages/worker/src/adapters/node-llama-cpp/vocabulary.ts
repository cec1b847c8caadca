import type { LlamaModel, Token } from "node-llama-cpp";
import { type Dialect, marksOf } from "../../core/dialects/dialect.ts";
import { indexSpecialTexts, type SpecialTexts } from "../../core/special-token-guard.ts";

/** The tokens of a model that steer it, and those that a dialect writes its marks with. */
export interface Vocabulary {
  readonly size: number;
  /** Texts that people may not write as what they are: see `special-token-guard.ts`. */
  readonly texts: SpecialTexts;
  /** The same for earlier answers: templates look in them for a thought's marks, to leave it out. */
  readonly answerTexts: SpecialTexts;
  readonly specialIds: ReadonlySet<Token>;
  /** The dialect's marks by token; a mark that is missing is written in several. */
  readonly marks: ReadonlyMap<Token, string>;
  markToken(mark: string): Token | undefined;
}

/**
 * Control tokens steer the model, and user-defined ones that its template writes. Other user-defined tokens (runs of
 * spaces, HTML tags) are ordinary text.
 */
export function readVocabulary(model: LlamaModel, templateSource: string, dialect: Dialect): Vocabulary {
  const texts: string[] = [];
  const specialIds = new Set<Token>();
  const wantedMarks = new Set(marksOf(dialect));
  const marks = new Map<Token, string>();
  const markTokens = new Map<string, Token>();
  let size = 0;
  for (const token of model.iterateAllTokens()) {
    size += 1;
    const attributes = model.getTokenAttributes(token);
    const isControl = attributes.control || attributes.unknown || model.isEogToken(token);
    if (!isControl && !attributes.userDefined) continue;
    const text = model.detokenize([token], true);
    if (text.trim() === "") continue;
    if (wantedMarks.has(text)) {
      marks.set(token, text);
      markTokens.set(text, token);
    }
    if (!isControl && !templateSource.includes(text)) continue;
    texts.push(text);
    specialIds.add(token);
  }
  return {
    size,
    texts: indexSpecialTexts(texts),
    answerTexts: indexSpecialTexts(
      texts.filter((text) => text !== dialect.thought?.open && text !== dialect.thought?.close),
    ),
    specialIds,
    marks,
    markToken: (mark) => markTokens.get(mark),
  };
}
