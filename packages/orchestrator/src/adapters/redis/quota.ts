import { type Log, MusterError } from "@muster/base";
import type { Limits } from "../../core/access/principal.ts";
import type { Admission, Quota, QuotaLease, QuotaView } from "../../ports/quota.ts";
import { connectRedis, type RedisAddress, untilReady } from "../common/redis-connection.ts";
import { luaScript } from "./commit-ledger-script.ts";
import {
  admitScript,
  countScript,
  fillMonthScript,
  monthScript,
  renewScript,
  settleScript,
} from "./quota-scripts.ts";

const connectMs = 2_000;
const leasesPerCall = 200;
const limitNames = ["requests_per_minute", "tokens_per_minute", "concurrency", "tokens_per_month"] as const;

/** Three keys for each key of Muster's, with one hash tag, so that they lie together on a cluster. */
export function createRedisQuota(options: {
  readonly address: RedisAddress;
  readonly prefix: string;
  readonly log: Log;
  /** Moves the clock of the store: for tests. */
  readonly skewMs?: () => number;
}): Quota {
  const { address, prefix, log, skewMs = () => 0 } = options;
  const redis = connectRedis(address, "fails-fast", { log, name: "muster-quota" });
  const scripts = {
    admit: luaScript(redis, admitScript),
    settle: luaScript(redis, settleScript),
    renew: luaScript(redis, renewScript),
    count: luaScript(redis, countScript),
    month: luaScript(redis, monthScript),
    fillMonth: luaScript(redis, fillMonthScript),
  };
  const keysOf = (keyId: string): readonly string[] => {
    const base = `${prefix}:quota:{${keyId}}`;
    return [base, `${base}:leases`, `${base}:reserved`];
  };
  const ask = async (
    script: keyof typeof scripts,
    keyId: string,
    args: readonly (string | number)[],
  ): Promise<unknown> => {
    try {
      if (redis.status === "connecting" || redis.status === "connect") await untilReady(redis, connectMs);
      return await scripts[script](keysOf(keyId), [skewMs(), ...args]);
    } catch (cause) {
      throw unavailable(cause);
    }
  };

  return {
    async admit({ keyId, limits, leaseId, tokens }) {
      const { requestsPerMinute, tokensPerMinute, concurrency, tokensPerMonth } = limits;
      const most = [requestsPerMinute, tokensPerMinute, concurrency, tokensPerMonth].map(limitOf);
      return parseAdmission(await ask("admit", keyId, [leaseId, tokens, ...most]), limits);
    },
    settle: async ({ keyId, leaseId, limits }, usedTokens) =>
      (await ask("settle", keyId, [leaseId, usedTokens, limitOf(limits.tokensPerMinute)])) === 1,
    async renew(leases) {
      const byKey = new Map<string, QuotaLease[]>();
      for (const lease of leases) byKey.set(lease.keyId, [...(byKey.get(lease.keyId) ?? []), lease]);
      const calls: Promise<unknown>[] = [];
      for (const [keyId, held] of byKey)
        for (let at = 0; at < held.length; at += leasesPerCall) {
          const some = held.slice(at, at + leasesPerCall);
          const args = some.flatMap(({ leaseId, tokens }) => [leaseId, tokens]);
          calls.push(ask("renew", keyId, args));
        }
      // Sent without waiting in between: one way there and back for all of them.
      await Promise.all(calls);
    },
    count: async (keyId, tokens) => void (await ask("count", keyId, [tokens])),
    async month(keyId) {
      const answer = await ask("month", keyId, []);
      const [month, used] = Array.isArray(answer) ? answer : [];
      return { month: String(month), used: Number(used) < 0 ? undefined : Number(used) };
    },
    fillMonth: async (keyId, month, tokens) => void (await ask("fillMonth", keyId, [month, tokens])),
    async close() {
      redis.disconnect();
    },
  };
}

function limitOf(limit: number | undefined): number {
  return limit ?? -1;
}

function parseAdmission(answer: unknown, limits: Limits): Admission {
  if (!Array.isArray(answer)) throw unavailable(new Error("no answer of the kind expected"));
  const [kind, by, ...rest] = answer;
  if (kind === "month-unknown") return { kind, month: String(by) };
  const [retryAfterMs = 0, used = 0, requests = 0, requestsMs = 0, tokens = 0, tokensMs = 0] =
    rest.map(Number);
  const windowOf = (limit: number | undefined, remaining: number, resetMs: number) =>
    limit === undefined ? undefined : { limit, remaining, resetMs };
  const view: QuotaView = {
    requests: windowOf(limits.requestsPerMinute, requests, requestsMs),
    tokens: windowOf(limits.tokensPerMinute, tokens, tokensMs),
  };
  if (kind === "admitted") return { kind, view };
  const limit = limitNames.find((name) => name === by);
  if (limit === undefined) throw unavailable(new Error("no answer of the kind expected"));
  return { kind: "refused", by: limit, retryAfterMs, used, view };
}

function unavailable(cause: unknown): MusterError {
  const why = cause instanceof Error ? cause.message : String(cause);
  return new MusterError(
    "store_unavailable",
    `The limits of keys in Redis cannot be asked (${why}). Try again in a few seconds, and if it stays so, look at the server that REDIS_URL names.`,
    { cause, retryAfterMs: 2_000 },
  );
}
