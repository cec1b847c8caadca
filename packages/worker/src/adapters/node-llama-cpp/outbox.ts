import type { InferenceDelta, InferenceEvent } from "@muster/base";
import type { AnswerItem, Failure } from "./child-messages.ts";

/** How long a piece may wait for more pieces, so that a message carries several tokens of several answers. */
const coalesceMs = 20;

export type SendItems = (items: readonly AnswerItem[], whenWritten: () => void) => void;

/**
 * Collects what the answers produce and sends it in few messages. Loops only put; nothing here makes them wait. One
 * message is under way at a time: when the reader is slow, text grows into fewer, longer pieces.
 */
export class Outbox {
  readonly #send: SendItems;
  #items: AnswerItem[] = [];
  /** Where the last unsent piece of an answer is in `#items`. */
  readonly #lastPlaces = new Map<number, number>();
  /** Answers that have given a piece. */
  readonly #begun = new Set<number>();
  #isSending = false;
  #isUrgent = false;
  #timer: NodeJS.Timeout | undefined;

  constructor(send: SendItems) {
    this.#send = send;
  }

  /** The first piece of an answer goes out at once. */
  delta(id: number, delta: InferenceDelta): void {
    const place = this.#lastPlaces.get(id);
    const last = place === undefined ? undefined : this.#items[place];
    const joined = last !== undefined && "event" in last ? join(last.event, delta) : undefined;
    if (place !== undefined && joined !== undefined) {
      this.#items[place] = { id, event: joined };
    } else {
      this.#lastPlaces.set(id, this.#items.length);
      this.#items.push({ id, event: delta });
    }
    if (this.#begun.has(id)) this.#timer ??= setTimeout(() => this.#flushNow(), coalesceMs);
    else this.#flushNow();
    this.#begun.add(id);
  }

  end(id: number, event: InferenceEvent & { readonly kind: "end" }): void {
    this.#finish({ id, event });
  }

  fail(id: number, failure: Failure): void {
    this.#finish({ id, failure });
  }

  #finish(item: AnswerItem): void {
    this.#begun.delete(item.id);
    this.#items.push(item);
    this.#flushNow();
  }

  #flushNow(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    if (this.#isSending) {
      this.#isUrgent = true;
      return;
    }
    if (this.#items.length === 0) return;
    const items = this.#items;
    this.#items = [];
    this.#lastPlaces.clear();
    this.#isSending = true;
    this.#isUrgent = false;
    this.#send(items, () => {
      this.#isSending = false;
      if (this.#isUrgent) this.#flushNow();
    });
  }
}

/** Two neighbouring pieces of one answer as one; undefined where they must stay two. */
function join(last: InferenceEvent, next: InferenceDelta): InferenceDelta | undefined {
  if (last.kind === "text" && next.kind === "text") return joinTexts(last, next);
  if (last.kind === "reasoning" && next.kind === "reasoning") return grown(last, next);
  if (last.kind === "tool-arguments" && next.kind === "tool-arguments" && last.index === next.index)
    return grown(last, next);
  return undefined;
}

type TextDelta = InferenceDelta & { readonly kind: "text" };

/** Probabilities cover all tokens of a piece or none. */
function joinTexts(last: TextDelta, next: TextDelta): TextDelta | undefined {
  if (last.logprobs === undefined && next.logprobs === undefined) return grown(last, next);
  if (last.logprobs === undefined || next.logprobs === undefined) return undefined;
  return { ...grown(last, next), logprobs: [...last.logprobs, ...next.logprobs] };
}

interface TextPiece {
  readonly text: string;
  readonly tokens: number;
}

function grown<T extends TextPiece>(last: T, next: TextPiece): T {
  return { ...last, text: last.text + next.text, tokens: last.tokens + next.tokens };
}
