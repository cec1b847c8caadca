import type { InferenceEvent } from "@muster/base";
import type { AnswerItem, Failure } from "./child-messages.ts";

/** How long text may wait for more text, so that a message carries several tokens of several answers. */
const coalesceMs = 20;

export type SendItems = (items: readonly AnswerItem[], whenWritten: () => void) => void;

/**
 * Collects what the answers produce and sends it in few messages. Loops only put; nothing here makes them wait. One
 * message is under way at a time: when the reader is slow, text grows into fewer, longer pieces.
 */
export class Outbox {
  readonly #send: SendItems;
  #items: AnswerItem[] = [];
  /** Where the unsent text of an answer is in `#items`. */
  readonly #textPlaces = new Map<number, number>();
  #isSending = false;
  #isUrgent = false;
  #timer: NodeJS.Timeout | undefined;

  constructor(send: SendItems) {
    this.#send = send;
  }

  /** `isFirst`: the first piece of an answer goes out at once. */
  text(
    id: number,
    piece: { readonly text: string; readonly tokens: number; readonly isFirst: boolean },
  ): void {
    const place = this.#textPlaces.get(id);
    const waiting = place === undefined ? undefined : this.#items[place];
    if (place !== undefined && waiting !== undefined && "event" in waiting && waiting.event.kind === "text") {
      const { text, tokens } = waiting.event;
      this.#items[place] = {
        id,
        event: { kind: "text", text: text + piece.text, tokens: tokens + piece.tokens },
      };
    } else {
      this.#textPlaces.set(id, this.#items.length);
      this.#items.push({ id, event: { kind: "text", text: piece.text, tokens: piece.tokens } });
    }
    if (piece.isFirst) this.#flushNow();
    else this.#timer ??= setTimeout(() => this.#flushNow(), coalesceMs);
  }

  end(id: number, event: InferenceEvent): void {
    this.#items.push({ id, event });
    this.#flushNow();
  }

  fail(id: number, failure: Failure): void {
    this.#items.push({ id, failure });
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
    this.#textPlaces.clear();
    this.#isSending = true;
    this.#isUrgent = false;
    this.#send(items, () => {
      this.#isSending = false;
      if (this.#isUrgent) this.#flushNow();
    });
  }
}
