import type { Log } from "@muster/base";
import { type AttemptName, attemptKey, type EndOfAttempt, idsOf } from "../core/link-messages.ts";

const maxEnds = 1_000;
const maxBytes = 64 * 1024 * 1024;

/** Ends that have yet to be acknowledged. Beyond its limits the oldest are given up: their requests are run again. */
export class EndOutbox {
  readonly #log: Log;
  readonly #ends = new Map<string, { readonly end: EndOfAttempt; readonly bytes: number }>();
  #bytes = 0;

  constructor(log: Log) {
    this.#log = log;
  }

  ends(): readonly EndOfAttempt[] {
    return [...this.#ends.values()].map(({ end }) => end);
  }

  /** `bytes`: of the answer that it carries. */
  add(end: EndOfAttempt, bytes: number): void {
    this.remove(end);
    this.#ends.set(attemptKey(end), { end, bytes });
    this.#bytes += bytes;
    for (const { end: oldest } of this.#ends.values()) {
      if (this.#ends.size <= maxEnds && this.#bytes <= maxBytes) return;
      const held = { ends: this.#ends.size, bytes: this.#bytes };
      this.#log.warn({ ...idsOf(oldest), ...held }, "end given up unheard");
      this.remove(oldest);
    }
  }

  remove(name: AttemptName): void {
    const key = attemptKey(name);
    this.#bytes -= this.#ends.get(key)?.bytes ?? 0;
    this.#ends.delete(key);
  }
}
