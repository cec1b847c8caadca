import type { Clock } from "@muster/base";
import { type Bucket, levelOf, waitMs } from "../../core/quota/bucket.ts";
import { utcMonth } from "../../core/quota/utc.ts";
import type { Admission, Quota, QuotaAsk, QuotaView, QuotaWindow } from "../../ports/quota.ts";

const leaseMs = 60_000;
const concurrencyRetryMs = 1_000;

interface KeyState {
  requests: Bucket | undefined;
  tokens: Bucket | undefined;
  readonly leases: Map<string, { expiresAtMs: number; readonly tokens: number }>;
  month: { readonly name: string; used: number } | undefined;
}

/** For tests: limits that one process counts, by its own clock. */
export function createMemoryQuota({ clock }: { readonly clock: Clock }): Quota {
  const keys = new Map<string, KeyState>();
  const stateOf = (keyId: string): KeyState => {
    const state = keys.get(keyId) ?? {
      ...{ requests: undefined, tokens: undefined, leases: new Map(), month: undefined },
    };
    keys.set(keyId, state);
    const nowMs = clock.wallMs();
    for (const [leaseId, { expiresAtMs }] of state.leases)
      if (expiresAtMs <= nowMs) state.leases.delete(leaseId);
    return state;
  };
  const monthOf = (state: KeyState) =>
    state.month?.name === utcMonth(clock.wallMs()) ? state.month : undefined;

  return {
    async admit(ask) {
      const state = stateOf(ask.keyId);
      const refused = refusalOf(state, ask, clock.wallMs(), monthOf(state)?.used);
      if (refused !== undefined) return refused;
      const { limits, leaseId, tokens } = ask;
      const nowMs = clock.wallMs();
      const take = (bucket: Bucket | undefined, perMinute: number | undefined, amount: number) =>
        perMinute === undefined ? bucket : { level: levelOf(bucket, perMinute, nowMs) - amount, atMs: nowMs };
      state.requests = take(state.requests, limits.requestsPerMinute, 1);
      state.tokens = take(state.tokens, limits.tokensPerMinute, tokens);
      state.leases.set(leaseId, { expiresAtMs: nowMs + leaseMs, tokens });
      return { kind: "admitted", view: viewOf(state, ask, nowMs) };
    },
    async settle({ keyId, leaseId, limits }, usedTokens) {
      const state = stateOf(keyId);
      const lease = state.leases.get(leaseId);
      if (lease === undefined) return false;
      state.leases.delete(leaseId);
      const { tokensPerMinute } = limits;
      const nowMs = clock.wallMs();
      if (tokensPerMinute !== undefined) {
        const level = levelOf(state.tokens, tokensPerMinute, nowMs) + lease.tokens - usedTokens;
        state.tokens = { level: Math.min(tokensPerMinute, level), atMs: nowMs };
      }
      const month = monthOf(state);
      if (month !== undefined) month.used += usedTokens;
      return true;
    },
    async renew(leases) {
      for (const { keyId, leaseId, tokens } of leases)
        stateOf(keyId).leases.set(leaseId, { expiresAtMs: clock.wallMs() + leaseMs, tokens });
    },
    async count(keyId, tokens) {
      const month = monthOf(stateOf(keyId));
      if (month !== undefined) month.used += tokens;
    },
    async month(keyId) {
      return { month: utcMonth(clock.wallMs()), used: monthOf(stateOf(keyId))?.used };
    },
    async fillMonth(keyId, month, tokens) {
      const state = stateOf(keyId);
      if (month === utcMonth(clock.wallMs()) && monthOf(state) === undefined)
        state.month = { name: month, used: tokens };
    },
    async close() {},
  };
}

/** What keeps a request out, or undefined. */
function refusalOf(
  state: KeyState,
  ask: QuotaAsk,
  nowMs: number,
  monthUsed: number | undefined,
): Admission | undefined {
  const { requestsPerMinute, tokensPerMinute, concurrency, tokensPerMonth } = ask.limits;
  const view = viewOf(state, ask, nowMs);
  if (tokensPerMonth !== undefined) {
    if (monthUsed === undefined) return { kind: "month-unknown", month: utcMonth(nowMs) };
    const used = [...state.leases.values()].reduce((sum, { tokens }) => sum + tokens, monthUsed);
    if (used + ask.tokens > tokensPerMonth)
      return { kind: "refused", by: "tokens_per_month", retryAfterMs: 0, used, view };
  }
  const requestsMs =
    requestsPerMinute === undefined
      ? 0
      : waitMs(levelOf(state.requests, requestsPerMinute, nowMs), 1, requestsPerMinute);
  const tokensMs =
    tokensPerMinute === undefined
      ? 0
      : waitMs(levelOf(state.tokens, tokensPerMinute, nowMs), ask.tokens, tokensPerMinute);
  const isFull = concurrency !== undefined && state.leases.size >= concurrency;
  const concurrencyMs = isFull ? concurrencyRetryMs : 0;
  const longest = Math.max(requestsMs, tokensMs, concurrencyMs);
  if (longest === 0) return undefined;
  const by =
    longest === requestsMs
      ? "requests_per_minute"
      : longest === tokensMs
        ? "tokens_per_minute"
        : "concurrency";
  return { kind: "refused", by, retryAfterMs: longest, used: 0, view };
}

function viewOf(state: KeyState, { limits }: QuotaAsk, nowMs: number): QuotaView {
  const windowOf = (bucket: Bucket | undefined, perMinute: number | undefined): QuotaWindow | undefined => {
    if (perMinute === undefined) return undefined;
    const level = levelOf(bucket, perMinute, nowMs);
    return {
      limit: perMinute,
      remaining: Math.max(0, Math.floor(level)),
      resetMs: waitMs(level, perMinute, perMinute),
    };
  };
  return {
    requests: windowOf(state.requests, limits.requestsPerMinute),
    tokens: windowOf(state.tokens, limits.tokensPerMinute),
  };
}
