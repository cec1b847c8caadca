import { type Clock, MusterError } from "@muster/base";

/** Wrong keys of one peer in a minute; then none of its keys is looked at until the minute is over. */
const wrongPerMinute = 10;
/** Sessions that one key may begin in a minute: each takes a place in Redis for hours. */
const begunPerMinute = 30;
const windowMs = 60_000;
/** More at once share one entry: whoever has many addresses must not fill our memory. */
const maxEntries = 1_000;
const others = "others";

interface Window {
  count: number;
  readonly endsAtMs: number;
}

/** Slows down whoever tries keys, and whoever signs in again and again. */
export class SignInLimit {
  readonly #clock: Clock;
  readonly #windows = new Map<string, Window>();

  constructor({ clock }: { readonly clock: Clock }) {
    this.#clock = clock;
  }

  /** Throws `rate_limited` where this peer has tried too many wrong keys. */
  check(peer: string): void {
    this.#require(`peer:${peer}`, wrongPerMinute);
  }

  wrong(peer: string): void {
    this.#count(`peer:${peer}`);
  }

  /** Throws `rate_limited` where this key has begun too many sessions. */
  begin(keyId: string): void {
    this.#require(`key:${keyId}`, begunPerMinute);
    this.#count(`key:${keyId}`);
  }

  #require(name: string, most: number): void {
    const window = this.#live(name) ?? (this.#isFull ? this.#live(others) : undefined);
    if (window === undefined || window.count < most) return;
    throw new MusterError("rate_limited", "Too many tries to sign in. Wait a minute, then try again.", {
      retryAfterMs: window.endsAtMs - this.#clock.nowMs(),
    });
  }

  #count(name: string): void {
    const nowMs = this.#clock.nowMs();
    if (this.#isFull)
      for (const [each, { endsAtMs }] of this.#windows) if (endsAtMs <= nowMs) this.#windows.delete(each);
    const used = this.#live(name) === undefined && this.#isFull ? others : name;
    const window = this.#live(used) ?? { count: 0, endsAtMs: nowMs + windowMs };
    window.count += 1;
    this.#windows.set(used, window);
  }

  get #isFull(): boolean {
    return this.#windows.size >= maxEntries;
  }

  #live(name: string): Window | undefined {
    const window = this.#windows.get(name);
    return window !== undefined && window.endsAtMs > this.#clock.nowMs() ? window : undefined;
  }
}
