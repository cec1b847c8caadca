import { type Log, MusterError } from "@muster/base";
import type { ClaimAnswer, ClaimsOf, TenantClaims } from "../../ports/tenant-claims.ts";
import { connectRedis, type RedisAddress, untilReady } from "../common/redis-connection.ts";
import { luaScript } from "./commit-ledger-script.ts";

const connectMs = 2_000;

/**
 * KEYS: a hash of what each name takes as `<amount>:<when>`, with the sum under the empty name; a key that is there
 * while the tenant is known. ARGV[1] moves the clock in tests.
 */
const common = `
local held, known = KEYS[1], KEYS[2]
local time = redis.call('TIME')
local now = tonumber(time[1]) * 1000 + math.floor(tonumber(time[2]) / 1000) + tonumber(ARGV[1])
local knownMs, youngMs = 600000, 60000
local function number(value) return string.format('%.0f', value) end
local function amountOf(text) return tonumber(string.match(text or '0:', '^(%d+):')) end
local function set(name, amount)
  redis.call('HSET', held, name, number(amount) .. ':' .. number(now))
end
local function isKnown()
  local until_ = redis.call('GET', known)
  return until_ and now < tonumber(until_)
end
`;

/** ARGV: name, amount, limit. */
const claimScript = `${common}
local name, amount, limit = ARGV[2], tonumber(ARGV[3]), tonumber(ARGV[4])
local before = amountOf(redis.call('HGET', held, name))
local others = tonumber(redis.call('HGET', held, '') or 0) - before
if limit >= 0 then
  if not isKnown() then return { 'unknown' } end
  if amount > before and others + amount > limit then return { 'refused', others } end
end
set(name, amount)
redis.call('HSET', held, '', number(others + amount))
return { 'claimed' }
`;

const releaseScript = `${common}
local text = redis.call('HGET', held, ARGV[2])
if not text then return 0 end
redis.call('HDEL', held, ARGV[2])
redis.call('HINCRBY', held, '', number(-amountOf(text)))
return 1
`;

/** ARGV: how long reading took, then name and amount of each record. */
const fillScript = `${common}
local oldest = now - tonumber(ARGV[2]) - youngMs
local records, sum = {}, 0
for at = 3, #ARGV, 2 do records[ARGV[at]] = tonumber(ARGV[at + 1]) end
local all = redis.call('HGETALL', held)
for at = 1, #all, 2 do
  local name, text = all[at], all[at + 1]
  if name ~= '' then
    if records[name] == nil and tonumber(string.match(text, ':(%d+)$')) < oldest then
      redis.call('HDEL', held, name)
    else
      records[name] = nil
      sum = sum + amountOf(text)
    end
  end
end
for name, amount in pairs(records) do
  set(name, amount)
  sum = sum + amount
end
redis.call('HSET', held, '', number(sum))
redis.call('SET', known, number(now + knownMs), 'PX', knownMs)
return 1
`;

/** Both keys of a tenant have one hash tag. */
export function createRedisTenantClaims(options: {
  readonly address: RedisAddress;
  readonly prefix: string;
  readonly log: Log;
  /** Moves the clock of the store: for tests. */
  readonly skewMs?: () => number;
}): TenantClaims {
  const { address, prefix, log, skewMs = () => 0 } = options;
  const redis = connectRedis(address, "fails-fast", { log, name: "muster-claims" });
  const scripts = {
    claim: luaScript(redis, claimScript),
    release: luaScript(redis, releaseScript),
    fill: luaScript(redis, fillScript),
  };
  const ask = async (
    script: keyof typeof scripts,
    { pool, tenant }: ClaimsOf,
    args: readonly (string | number)[],
  ): Promise<unknown> => {
    const base = `${prefix}:claims:{${pool}:${tenant}}`;
    try {
      if (redis.status === "connecting" || redis.status === "connect") await untilReady(redis, connectMs);
      return await scripts[script]([base, `${base}:known`], [skewMs(), ...args]);
    } catch (cause) {
      throw unavailable(cause);
    }
  };
  return {
    claim: async (of, amount, limit) => parseAnswer(await ask("claim", of, [of.name, amount, limit ?? -1])),
    release: async (of) => void (await ask("release", of, [of.name])),
    fill: async (of, records, tookMs) => void (await ask("fill", of, [tookMs, ...[...records].flat()])),
    async close() {
      redis.disconnect();
    },
  };
}

function parseAnswer(answer: unknown): ClaimAnswer {
  const [kind, others] = Array.isArray(answer) ? answer : [];
  if (kind === "claimed" || kind === "unknown") return { kind };
  if (kind === "refused") return { kind, others: Number(others) };
  throw unavailable(new Error("no answer of the kind expected"));
}

function unavailable(cause: unknown): MusterError {
  const why = cause instanceof Error ? cause.message : String(cause);
  return new MusterError(
    "store_unavailable",
    `What tenants have of their limits cannot be asked of Redis (${why}). Try again in a few seconds, and if it stays so, look at the server that REDIS_URL names.`,
    { cause, retryAfterMs: 2_000 },
  );
}
