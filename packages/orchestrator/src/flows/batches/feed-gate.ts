import type { Clock, Log } from "@muster/base";
import type { CommitLedger } from "../../ports/commit-ledger.ts";
import type { ObjectStore } from "../../ports/object-store.ts";

const lookMs = 1_000;
/** Beyond this share of Redis's memory no more lines go into the lanes. */
const fullestMemory = 0.75;

interface FeedGateDeps {
  readonly store: ObjectStore;
  readonly ledger: CommitLedger;
  readonly clock: Clock;
  readonly log: Log;
  /** What must stay free in the object store. */
  readonly reserveBytes: number;
}

/** Whether there is room for more results. Batches wait while there is none; nothing is lost. */
export class FeedGate {
  readonly #deps: FeedGateDeps;
  #lookedAtMs = Number.NEGATIVE_INFINITY;
  #waitsFor: string | undefined;

  constructor(deps: FeedGateDeps) {
    this.#deps = deps;
  }

  /** What batches wait for, in words; undefined while they need not. */
  get waitsFor(): string | undefined {
    return this.#waitsFor;
  }

  async isOpen(): Promise<boolean> {
    const nowMs = this.#deps.clock.nowMs();
    if (nowMs - this.#lookedAtMs >= lookMs) {
      this.#lookedAtMs = nowMs;
      const before = this.#waitsFor;
      this.#waitsFor = await this.#look();
      if (before !== this.#waitsFor) this.#deps.log.warn({ waitsFor: this.#waitsFor }, "room for batches");
    }
    return this.#waitsFor === undefined;
  }

  async #look(): Promise<string | undefined> {
    const { store, ledger, reserveBytes } = this.#deps;
    const freeBytes = await store.freeBytes();
    if (freeBytes !== undefined && freeBytes < reserveBytes)
      return `disk space: less than ${reserveBytes} bytes are free in the object store`;
    if ((await ledger.memoryUse()) > fullestMemory) return "memory: Redis is nearly full";
    return undefined;
  }
}
