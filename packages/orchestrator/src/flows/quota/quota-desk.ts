import { type Background, type Clock, type Log, type MusterError, pause } from "@muster/base";
import type { Limits, Principal } from "../../core/access/principal.ts";
import { type TokenReserve, tokensToReserve } from "../../core/quota/estimate.ts";
import { neverFits, refusedBy } from "../../core/quota/refusals.ts";
import type { Metrics } from "../../ports/metrics.ts";
import type { Admission, Quota, QuotaAsk, QuotaLease, QuotaView } from "../../ports/quota.ts";

type Asker = Pick<Principal, "keyId" | "keyName" | "limits">;

/** A request that takes of its key's limits until it is settled. */
export interface HeldQuota {
  readonly kind: "held";
  readonly view: QuotaView;
  /** Once; what it has taken counts, the rest is given back. Never rejects. */
  settle(usedTokens: number): Promise<void>;
}

export type QuotaEntry =
  /** The key has no limits. */
  | { readonly kind: "free" }
  | HeldQuota
  | { readonly kind: "refused"; readonly error: MusterError; readonly view: QuotaView };

type Open = QuotaLease & { readonly limits: Limits };

interface QuotaDeskDeps {
  readonly quota: Quota;
  /** What the records of usage say that a key has taken in a month. */
  readonly monthUsed: (keyId: string, month: string) => Promise<number>;
  readonly metrics: Pick<Metrics, "quotaRefused">;
  readonly clock: Clock;
  readonly log: Log;
  readonly background: Background;
}

/** Leases end a minute after they were renewed last. */
const renewMs = 20_000;
const settleAgainMs = 2_000;
/**
 * Who has just had the last word of an answer may ask another orchestrator before the store has taken its place back:
 * one that finds no place is looked at again before it is refused.
 */
const lookAgainMs = 10;
/** Requests whose end could not be told to the store; their leases end by themselves. */
const maxUnsettled = 10_000;
const noView: QuotaView = { requests: undefined, tokens: undefined };

/** Where requests are held to the limits of their keys: each is let in once, kept while it runs, and settled once. */
export class QuotaDesk {
  readonly #deps: QuotaDeskDeps;
  readonly #open = new Map<string, Open>();
  readonly #unsettled = new Map<string, { readonly lease: Open; readonly usedTokens: number }>();
  readonly #fills = new Map<string, Promise<void>>();
  #stopRenewing: () => void = () => {};
  #stopSettling: (() => void) | undefined;
  #isStopped = false;
  readonly #stopping = new AbortController();

  constructor(deps: QuotaDeskDeps) {
    this.#deps = deps;
    this.#schedule();
  }

  /** Throws `store_unavailable`: nobody knows then what is left. Keys without limits ask nobody. */
  async admit(
    asker: Asker,
    asked: { readonly leaseId: string; readonly reserve: TokenReserve; readonly answers: number },
  ): Promise<QuotaEntry> {
    const { keyId, limits } = asker;
    if (!isLimited(limits)) return { kind: "free" };
    const { leaseId, reserve, answers } = asked;
    const { tokensPerMinute, tokensPerMonth } = limits;
    const tokens = tokensToReserve(reserve, answers, tokensPerMinute ?? tokensPerMonth);
    if (tokensPerMinute !== undefined && tokens > tokensPerMinute) {
      this.#deps.metrics.quotaRefused("tokens_per_minute");
      return { kind: "refused", error: neverFits(asker, tokens), view: noView };
    }
    const lease: Open = { keyId, leaseId, tokens, limits };
    const admission = await this.#admit(lease);
    if (admission.kind === "refused") {
      this.#deps.metrics.quotaRefused(admission.by);
      const wallMs = this.#deps.clock.wallMs();
      return {
        kind: "refused",
        error: refusedBy(asker, admission, { tokens, wallMs }),
        view: admission.view,
      };
    }
    this.#open.set(leaseId, lease);
    return {
      kind: "held",
      view: admission.view,
      settle: async (usedTokens) => {
        if (this.#open.delete(leaseId)) await this.#settle(lease, usedTokens);
      },
    };
  }

  /** What is under way is settled as it ends; nothing is renewed any more. */
  stop(): void {
    this.#isStopped = true;
    this.#stopping.abort();
    this.#stopRenewing();
    this.#stopSettling?.();
  }

  async #admit(ask: QuotaAsk): Promise<Exclude<Admission, { readonly kind: "month-unknown" }>> {
    const { quota } = this.#deps;
    for (let looks = 0; ; ) {
      const admission = await quota.admit(ask);
      if (admission.kind === "refused" && admission.by === "concurrency" && looks++ === 0) {
        await pause(this.#deps.clock, lookAgainMs, this.#stopping.signal);
        continue;
      }
      if (admission.kind !== "month-unknown") return admission;
      await this.#fill(ask.keyId, admission.month);
    }
  }

  /** Reads what a key has taken once for all who wait for it: right after Redis was lost that is everybody. */
  #fill(keyId: string, month: string): Promise<void> {
    const name = `${keyId} ${month}`;
    const known = this.#fills.get(name);
    if (known !== undefined) return known;
    const { quota, monthUsed } = this.#deps;
    const fill = monthUsed(keyId, month)
      .then((used) => quota.fillMonth(keyId, month, used))
      .finally(() => this.#fills.delete(name));
    this.#fills.set(name, fill);
    return fill;
  }

  async #settle(lease: Open, usedTokens: number): Promise<void> {
    try {
      await this.#deps.quota.settle(lease, usedTokens);
    } catch {
      const [oldest] = this.#unsettled.keys();
      if (this.#unsettled.size >= maxUnsettled && oldest !== undefined) this.#unsettled.delete(oldest);
      this.#unsettled.set(lease.leaseId, { lease, usedTokens });
      this.#settleLater();
    }
  }

  #settleLater(): void {
    if (this.#isStopped || this.#stopSettling !== undefined) return;
    const { clock, background } = this.#deps;
    this.#stopSettling = clock.after(settleAgainMs, () => {
      this.#stopSettling = undefined;
      const waiting = [...this.#unsettled.values()];
      this.#unsettled.clear();
      background.run("settle-quota", async () => {
        await Promise.all(waiting.map(({ lease, usedTokens }) => this.#settle(lease, usedTokens)));
      });
    });
  }

  #schedule(): void {
    if (this.#isStopped) return;
    const { clock, background, quota, log } = this.#deps;
    this.#stopRenewing = clock.after(renewMs, () => {
      this.#schedule();
      if (this.#open.size === 0) return;
      background.run("renew-quota", async () => {
        try {
          await quota.renew([...this.#open.values()]);
        } catch (error) {
          log.warn({ requests: this.#open.size, error: String(error) }, "limits of keys not renewed");
        }
      });
    });
  }
}

function isLimited({ requestsPerMinute, tokensPerMinute, concurrency, tokensPerMonth }: Limits): boolean {
  return [requestsPerMinute, tokensPerMinute, concurrency, tokensPerMonth].some(
    (limit) => limit !== undefined,
  );
}
