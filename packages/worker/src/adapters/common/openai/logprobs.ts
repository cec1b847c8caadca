import type { TokenLogprob } from "@muster/base";
import { asFields, asList, type JsonFields, numberOf, textOf } from "../json-fields.ts";

/**
 * The probabilities of one chunk's tokens: chat's shape (`content`, a list of tokens), which llama-server uses for
 * plain completions too, or the old one of completions (parallel lists). Undefined where there are none.
 */
export function readLogprobs(
  choice: JsonFields | undefined,
  topLogprobs: number,
): readonly TokenLogprob[] | undefined {
  const logprobs = asFields(choice?.["logprobs"]);
  if (logprobs === undefined) return undefined;
  if (Array.isArray(logprobs["content"])) {
    return logprobs["content"].flatMap((entry) => readToken(asFields(entry), topLogprobs));
  }
  const chosen = asList(logprobs["token_logprobs"]);
  const alternatives = asList(logprobs["top_logprobs"]);
  return asList(logprobs["tokens"]).flatMap((text, i) => {
    const logprob = chosen[i];
    if (typeof text !== "string" || typeof logprob !== "number") return [];
    const top = Object.entries(asFields(alternatives[i]) ?? {}).flatMap(([other, value]) =>
      typeof value === "number" ? [{ text: other, logprob: value }] : [],
    );
    return [{ text, logprob, top: best(top, topLogprobs) }];
  });
}

function readToken(entry: JsonFields | undefined, topLogprobs: number): TokenLogprob[] {
  const text = textOf(entry, "token");
  const logprob = numberOf(entry, "logprob");
  if (text === undefined || logprob === undefined) return [];
  const top = asList(entry?.["top_logprobs"]).flatMap((each) => {
    const other = textOf(asFields(each), "token");
    const value = numberOf(asFields(each), "logprob");
    return other === undefined || value === undefined ? [] : [{ text: other, logprob: value }];
  });
  return [{ text, logprob, top: best(top, topLogprobs) }];
}

type Alternative = TokenLogprob["top"][number];

function best(top: readonly Alternative[], count: number): readonly Alternative[] {
  return [...top].sort((a, b) => b.logprob - a.logprob).slice(0, count);
}
