import type { GenerateRequest, InferenceDelta, TokenLogprob } from "@muster/base";
import { createStopMatcher, type StopMatcher } from "../../core/stop-matcher.ts";
import type { StubToken } from "./answer-plan.ts";

/** Puts the tokens that are due together into pieces, as engines do, and ends the text at a stop string. */
export class PieceGatherer {
  readonly #matcher: StopMatcher;
  #pieces: InferenceDelta[] = [];
  /** Tokens whose text the matcher holds back. */
  #heldTokens = 0;
  #heldLogprobs: TokenLogprob[] = [];
  /** The stop string that has ended the text. */
  stopText: string | undefined;

  constructor({ stop }: GenerateRequest) {
    this.#matcher = createStopMatcher(stop);
  }

  add(token: StubToken): void {
    switch (token.kind) {
      case "text": {
        const { text, stop } = this.#matcher.push(token.text);
        this.stopText = stop;
        this.#heldTokens += 1;
        if (token.logprob !== undefined) this.#heldLogprobs.push(token.logprob);
        if (text !== "") this.#addText(text);
        break;
      }
      case "tool-call":
        this.#pieces.push({ ...token, tokens: 1 });
        break;
      case "reasoning":
      case "tool-arguments":
        this.#join({ ...token, tokens: 1 });
        break;
      default:
        token satisfies never;
    }
  }

  /** What has come together since the last time. */
  take(): InferenceDelta[] {
    const pieces = this.#pieces;
    this.#pieces = [];
    return pieces;
  }

  /** What was held back, where no stop string has ended the text. */
  flush(): InferenceDelta[] {
    const rest = this.stopText === undefined ? this.#matcher.flush() : "";
    if (rest !== "") this.#addText(rest);
    return this.take();
  }

  #addText(text: string): void {
    const logprobs = this.#heldLogprobs;
    this.#join({
      kind: "text",
      text,
      tokens: this.#heldTokens,
      ...(logprobs.length === 0 ? {} : { logprobs }),
    });
    this.#heldTokens = 0;
    this.#heldLogprobs = [];
  }

  /** Adds to the last piece if it is of the same kind. */
  #join(piece: Extract<InferenceDelta, { readonly text: string }>): void {
    const last = this.#pieces.at(-1);
    if (last === undefined || !isSameRun(last, piece)) {
      this.#pieces.push(piece);
      return;
    }
    const logprobs = [last, piece].flatMap((each) => (each.kind === "text" ? (each.logprobs ?? []) : []));
    this.#pieces[this.#pieces.length - 1] = {
      ...piece,
      text: last.text + piece.text,
      tokens: last.tokens + piece.tokens,
      ...(logprobs.length === 0 ? {} : { logprobs }),
    };
  }
}

type TextPiece = Extract<InferenceDelta, { readonly text: string }>;

function isSameRun(last: InferenceDelta, piece: TextPiece): last is TextPiece {
  if (last.kind === "tool-arguments" && piece.kind === "tool-arguments") return last.index === piece.index;
  return last.kind === piece.kind;
}
