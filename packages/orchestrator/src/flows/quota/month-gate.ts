import type { Clock } from "@muster/base";
import type { Limits } from "../../core/access/principal.ts";
import type { BatchPayer } from "../../core/batches/batch.ts";
import { nextMonthMs, utcDay } from "../../core/quota/utc.ts";
import type { Quota } from "../../ports/quota.ts";

interface MonthGateDeps {
  readonly quota: Quota;
  readonly monthUsed: (keyId: string, month: string) => Promise<number>;
  /** What a key may take now; undefined where that is not known: what it could when the batch was created counts. */
  readonly limitsOf: (keyId: string) => Limits | undefined;
  readonly clock: Clock;
}

interface Look {
  readonly atMs: number;
  readonly used: Promise<number>;
}

/** Lines ask all the time: what a key has taken may be so old. */
const lookMs = 2_000;
const maxKeys = 10_000;

/** Whether the month of a key has room for more lines of batches. They wait while it has none; nothing is lost. */
export class MonthGate {
  readonly #deps: MonthGateDeps;
  readonly #looks = new Map<string, Look>();

  constructor(deps: MonthGateDeps) {
    this.#deps = deps;
  }

  /** What the lines of a batch wait for, in words; undefined where they need not. Throws `store_unavailable`. */
  async waitsFor(payer: BatchPayer | undefined): Promise<string | undefined> {
    if (payer === undefined) return undefined;
    const { clock } = this.#deps;
    const { keyId, keyName } = payer;
    const most = this.#mostOf(payer);
    if (most === undefined) return undefined;
    const used = await this.#used(keyId);
    if (used < most) return undefined;
    const turns = utcDay(nextMonthMs(clock.wallMs()));
    return `tokens: the key "${keyName}" has used ${used} of its ${most} for this month, and gets new ones on ${turns} (UTC), or when an administrator raises its limit`;
  }

  /** A line has its answer: what it took is taken of the month, whenever the limit was set. Never rejects. */
  async took(payer: BatchPayer | undefined, tokens: number): Promise<void> {
    if (payer === undefined) return;
    if (this.#mostOf(payer) === undefined && payer.limits.tokensPerMonth === undefined) return;
    // The usage has it, and the month is counted again from there once the store has lost it.
    await this.#deps.quota.count(payer.keyId, tokens).catch(() => {});
  }

  #mostOf({ keyId, limits }: BatchPayer): number | undefined {
    return (this.#deps.limitsOf(keyId) ?? limits).tokensPerMonth;
  }

  #used(keyId: string): Promise<number> {
    const nowMs = this.#deps.clock.nowMs();
    const known = this.#looks.get(keyId);
    if (known !== undefined && nowMs - known.atMs < lookMs) return known.used;
    const used = this.#look(keyId);
    this.#looks.delete(keyId);
    this.#looks.set(keyId, { atMs: nowMs, used });
    used.catch(() => this.#looks.delete(keyId));
    const [oldest] = this.#looks.keys();
    if (this.#looks.size > maxKeys && oldest !== undefined) this.#looks.delete(oldest);
    return used;
  }

  async #look(keyId: string): Promise<number> {
    const { quota, monthUsed } = this.#deps;
    const { month, used } = await quota.month(keyId);
    if (used !== undefined) return used;
    const recorded = await monthUsed(keyId, month);
    await quota.fillMonth(keyId, month, recorded);
    return recorded;
  }
}
