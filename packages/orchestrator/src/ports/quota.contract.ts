import fc from "fast-check";
import { afterEach, describe, expect, it } from "vitest";
import type { Limits } from "../core/access/principal.ts";
import type { Admission, Quota } from "./quota.ts";

export interface OpenedQuota {
  /** Several views of one store, as orchestrators have them. */
  readonly quotas: readonly [Quota, Quota];
  /** Moves the store's clock. */
  advance(ms: number): void;
}

const minuteMs = 60_000;

/** What every count of limits promises. `open` gives an empty store, seen from two places. */
export function quotaContract(name: string, open: () => Promise<OpenedQuota>): void {
  describe(`${name}: limits of keys`, () => {
    const opened: OpenedQuota[] = [];
    const start = async () => {
      const store = await open();
      opened.push(store);
      const [one, other] = store.quotas;
      return { one, other, advance: store.advance };
    };
    afterEach(async () => {
      for (const { quotas } of opened.splice(0)) for (const quota of quotas) await quota.close();
    });
    let leases = 0;
    const asked = (limits: Limits, tokens = 10, keyId = "k") => ({
      ...{ keyId, limits, tokens },
      leaseId: `lease-${++leases}`,
    });

    it("lets a minute's requests in at once, then as many as time gives back", async () => {
      const { one, other, advance } = await start();
      const limits = { requestsPerMinute: 6 };
      for (let at = 0; at < 6; at++)
        expect((await (at % 2 === 0 ? one : other).admit(asked(limits))).kind).toBe("admitted");
      const refused = await other.admit(asked(limits));
      expect(refused).toMatchObject({ kind: "refused", by: "requests_per_minute" });
      expect(waitOf(refused)).toBeGreaterThan(9_000);
      expect(waitOf(refused)).toBeLessThanOrEqual(10_000);
      advance(10_000);
      expect((await one.admit(asked(limits))).kind).toBe("admitted");
      expect((await one.admit(asked(limits))).kind).toBe("refused");
    });

    it("says what is left, and when all of it is there again", async () => {
      const { one } = await start();
      const { view } = admitted(await one.admit(asked({ requestsPerMinute: 60, tokensPerMinute: 600 }, 100)));
      expect(view.requests).toMatchObject({ limit: 60, remaining: 59 });
      expect(view.tokens).toMatchObject({ limit: 600, remaining: 500 });
      expect(view.tokens?.resetMs).toBe(10_000);
      expect(admitted(await one.admit(asked({}))).view).toEqual({ requests: undefined, tokens: undefined });
    });

    it("gives back what was reserved and not used, and remembers what was used beyond it", async () => {
      const { one, other } = await start();
      const limits = { tokensPerMinute: 60 };
      const first = asked(limits, 60);
      await one.admit(first);
      expect(await other.admit(asked(limits, 30))).toMatchObject({
        kind: "refused",
        by: "tokens_per_minute",
      });
      expect(await other.settle(first, 30)).toBe(true);
      const second = asked(limits, 30);
      expect((await other.admit(second)).kind).toBe("admitted");
      // 60 more than reserved: a minute of debt, and what it takes to have 1 again.
      expect(await one.settle(second, 90)).toBe(true);
      const refused = await one.admit(asked(limits, 1));
      expect(waitOf(refused)).toBeGreaterThan(60_000);
      expect(waitOf(refused)).toBeLessThanOrEqual(61_000);
    });

    it("settles once, whoever tries", async () => {
      const { one, other } = await start();
      const ask = asked({ tokensPerMinute: 100, concurrency: 1 }, 100);
      await one.admit(ask);
      expect(await one.settle(ask, 0)).toBe(true);
      expect(await other.settle(ask, 0)).toBe(false);
      expect((await one.admit(asked({ tokensPerMinute: 100, concurrency: 1 }, 100))).kind).toBe("admitted");
      expect((await one.admit(asked({ tokensPerMinute: 100 }, 1))).kind).toBe("refused");
    });

    it("takes nothing where one limit refuses", async () => {
      const { one } = await start();
      const limits = { requestsPerMinute: 2, tokensPerMinute: 100, concurrency: 1 };
      const first = asked(limits, 100);
      await one.admit(first);
      for (let tries = 0; tries < 5; tries++)
        expect((await one.admit(asked(limits, 50))).kind).toBe("refused");
      await one.settle(first, 0);
      expect(admitted(await one.admit(asked(limits, 100))).view.requests?.remaining).toBe(0);
    });

    it("counts those under way, and lets go of what nobody renews", async () => {
      const { one, other, advance } = await start();
      const limits = { concurrency: 2 };
      const [first, second] = [asked(limits), asked(limits)];
      await one.admit(first);
      await other.admit(second);
      expect(await one.admit(asked(limits))).toMatchObject({ kind: "refused", by: "concurrency" });
      advance(40_000);
      await one.renew([first]);
      advance(30_000);
      // The second has ended by itself, the first has not.
      expect((await one.admit(asked(limits))).kind).toBe("admitted");
      expect((await one.admit(asked(limits))).kind).toBe("refused");
      expect(await other.settle(second, 5)).toBe(false);
    });

    it("takes a renewed request up again after it was lost", async () => {
      const { one, other } = await start();
      const lost = asked({ concurrency: 1 });
      await one.renew([lost]);
      expect((await other.admit(asked({ concurrency: 1 }))).kind).toBe("refused");
      expect(await one.settle(lost, 1)).toBe(true);
      expect((await other.admit(asked({ concurrency: 1 }))).kind).toBe("admitted");
    });

    it("asks for a month that it does not know, then holds keys to it", async () => {
      const { one, other } = await start();
      const limits = { tokensPerMonth: 100 };
      const unknown = await one.admit(asked(limits));
      if (unknown.kind !== "month-unknown") throw new Error(`it is known: ${unknown.kind}`);
      await one.count("k", 1_000);
      expect(await other.month("k")).toEqual({ month: unknown.month, used: undefined });
      await one.fillMonth("k", "1969-12", 1);
      await one.fillMonth("k", unknown.month, 50);
      await other.fillMonth("k", unknown.month, 99);
      const ask = asked(limits, 50);
      expect((await one.admit(ask)).kind).toBe("admitted");
      expect(await other.admit(asked(limits, 1))).toMatchObject({ by: "tokens_per_month", used: 100 });
      await other.settle(ask, 20);
      await one.count("k", 10);
      expect(await one.month("k")).toEqual({ month: unknown.month, used: 80 });
      expect((await other.admit(asked(limits, 20))).kind).toBe("admitted");
      expect((await other.admit(asked(limits, 1))).kind).toBe("refused");
    });

    it("begins each month anew", async () => {
      const { one, advance } = await start();
      const { month } = await one.month("k");
      await one.fillMonth("k", month, 100);
      expect((await one.admit(asked({ tokensPerMonth: 100 }, 1))).kind).toBe("refused");
      advance(31 * 86_400_000);
      const next = await one.month("k");
      expect(next.used).toBeUndefined();
      expect(next.month > month).toBe(true);
      await one.fillMonth("k", next.month, 0);
      expect((await one.admit(asked({ tokensPerMonth: 100 }, 100))).kind).toBe("admitted");
    });

    it("keeps keys apart", async () => {
      const { one } = await start();
      const limits = { requestsPerMinute: 1, concurrency: 1 };
      expect((await one.admit(asked(limits, 1, "a"))).kind).toBe("admitted");
      expect((await one.admit(asked(limits, 1, "b"))).kind).toBe("admitted");
      expect((await one.admit(asked(limits, 1, "a"))).kind).toBe("refused");
    });

    it("is never over a limit whatever the order of things, and everything comes back", async () => {
      const step = fc.oneof(
        {
          weight: 6,
          arbitrary: fc.record({
            kind: fc.constant("ask" as const),
            at: fc.nat(1),
            tokens: fc.integer({ min: 1, max: 40 }),
          }),
        },
        {
          weight: 4,
          arbitrary: fc.record({
            kind: fc.constant("end" as const),
            at: fc.nat(1),
            which: fc.nat(7),
            /** Of what was reserved. */
            share: fc.integer({ min: 0, max: 100 }),
          }),
        },
        {
          weight: 2,
          arbitrary: fc.record({
            kind: fc.constant("wait" as const),
            ms: fc.integer({ min: 1, max: 20_000 }),
          }),
        },
      );
      const limits = { requestsPerMinute: 12, tokensPerMinute: 120, concurrency: 3 };
      let runs = 0;
      const { one, other, advance } = await start();
      await fc.assert(
        fc.asyncProperty(fc.array(step, { minLength: 5, maxLength: 40 }), async (steps) => {
          const keyId = `run-${++runs}`;
          const quotas = [one, other];
          const open: ReturnType<typeof asked>[] = [];
          const startedAtMs = performance.now();
          let [waitedMs, requests, tokens] = [0, 0, 0];
          for (const step of steps) {
            if (step.kind === "wait") {
              waitedMs += step.ms;
              advance(step.ms);
              await one.renew(open);
            } else if (step.kind === "ask") {
              const ask = asked(limits, step.tokens, keyId);
              const { kind } = (await quotas[step.at]?.admit(ask)) ?? { kind: "none" };
              if (kind !== "admitted") continue;
              open.push(ask);
              requests += 1;
              tokens += step.tokens;
            } else {
              const [ask] = open.splice(step.which % Math.max(1, open.length), 1);
              if (ask === undefined) continue;
              const used = Math.floor((ask.tokens * step.share) / 100);
              expect(await quotas[step.at]?.settle(ask, used)).toBe(true);
              tokens += used - ask.tokens;
            }
            const minutes = (waitedMs + performance.now() - startedAtMs) / minuteMs;
            expect(open.length).toBeLessThanOrEqual(limits.concurrency);
            expect(requests).toBeLessThanOrEqual(Math.ceil(limits.requestsPerMinute * (1 + minutes)));
            expect(tokens).toBeLessThanOrEqual(Math.ceil(limits.tokensPerMinute * (1 + minutes)));
          }
          for (const ask of open) expect(await one.settle(ask, 0)).toBe(true);
          advance(minuteMs);
          const { view } = admitted(await other.admit(asked(limits, 120, keyId)));
          expect(view.requests?.remaining).toBe(limits.requestsPerMinute - 1);
          expect(view.tokens?.remaining).toBe(0);
        }),
        { numRuns: 60 },
      );
    });
  });
}

function waitOf(admission: Admission): number {
  return admission.kind === "refused" ? admission.retryAfterMs : Number.NaN;
}

function admitted(admission: Admission): Extract<Admission, { readonly kind: "admitted" }> {
  if (admission.kind === "admitted") return admission;
  throw new Error(`not admitted: ${JSON.stringify(admission)}`);
}
