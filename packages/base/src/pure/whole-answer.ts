import type { TokenLogprob } from "./generation.ts";
import type { InferenceDelta } from "./inference.ts";

/** Of an answer that travels in one piece: under what one message of the worker link may hold. */
export const maxWholeAnswerBytes = 15 * 1024 * 1024;

type TextDelta = Extract<InferenceDelta, { readonly text: string }>;

/** The pieces of an answer that is wanted in one piece: what belongs together is joined, and there is a limit. */
export class WholeAnswer {
  readonly #pieces: InferenceDelta[] = [];
  #bytes = 0;

  get pieces(): readonly InferenceDelta[] {
    return this.#pieces;
  }

  /** Of the message that the pieces make, at most. */
  get bytes(): number {
    return this.#bytes;
  }

  /** False once the answer is too long: nothing is kept of it then. */
  add(delta: InferenceDelta): boolean {
    if (this.#bytes > maxWholeAnswerBytes) return false;
    const last = this.#pieces.at(-1);
    const joined = last === undefined ? undefined : join(last, delta);
    if (joined === undefined) {
      this.#pieces.push(delta);
      this.#bytes += pieceBytes + contentBytes(delta);
    } else {
      this.#pieces[this.#pieces.length - 1] = joined;
      this.#bytes += contentBytes(delta);
    }
    if (this.#bytes <= maxWholeAnswerBytes) return true;
    this.#pieces.length = 0;
    return false;
  }
}

/** One piece in place of two neighbours, where nothing tells them apart. */
function join(last: InferenceDelta, next: InferenceDelta): TextDelta | undefined {
  if (!("text" in last) || !("text" in next) || last.kind !== next.kind) return undefined;
  if (last.kind === "text" && last.logprobs !== undefined) return undefined;
  if (next.kind === "text" && next.logprobs !== undefined) return undefined;
  if (last.kind === "tool-arguments" && next.kind === "tool-arguments" && last.index !== next.index)
    return undefined;
  return { ...last, text: last.text + next.text, tokens: last.tokens + next.tokens };
}

/** Tags, lengths and numbers of one piece. */
const pieceBytes = 48;

function contentBytes(delta: InferenceDelta): number {
  switch (delta.kind) {
    case "text":
      return (
        textBytes(delta.text) + (delta.logprobs?.reduce((sum, each) => sum + logprobBytes(each), 0) ?? 0)
      );
    case "reasoning":
    case "tool-arguments":
      return textBytes(delta.text);
    case "tool-call":
      return textBytes(delta.id) + textBytes(delta.name);
    case "embedding":
      return 4 * delta.values.length;
    case "score":
      return 0;
    case "token-ids":
      return 5 * delta.ids.length + delta.texts.reduce((sum, text) => sum + textBytes(text) + 6, 0);
    default:
      return delta satisfies never;
  }
}

function logprobBytes({ text, top }: TokenLogprob): number {
  return textBytes(text) + 24 + top.reduce((sum, each) => sum + textBytes(each.text) + 24, 0);
}

/** In UTF-8 no unit of UTF-16 takes more. */
function textBytes(text: string): number {
  return 3 * text.length;
}
