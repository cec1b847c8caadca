import type { Redis } from "ioredis";
import type { LaneShare } from "../../ports/job-queue.ts";

/** BullMQ takes priorities up to 2^21; tags are counted from a base that moves on before they get there. */
const rebaseAt = 2 ** 20;
const highestPriority = 2 ** 21 - 1;

/**
 * `core/scheduling/fair-share.ts`, atomic in Redis. BullMQ keeps waiting jobs with a priority in a sorted set; a score
 * is the priority times 2^32, plus a count.
 * KEYS: the shares of the lane, its sorted set. ARGV: tenant, weight, rebase at, highest priority, costs...
 */
const script = `
local shares, waiting = KEYS[1], KEYS[2]
local tenant, weight = ARGV[1], tonumber(ARGV[2])
local rebaseAt, highest = tonumber(ARGV[3]), tonumber(ARGV[4])
local unit = 4294967296
local base = tonumber(redis.call("HGET", shares, "base") or "0")
local latest = tonumber(redis.call("HGET", shares, "latest") or "0")
local head = redis.call("ZRANGE", waiting, 0, 0, "WITHSCORES")
local now
if head[2] == nil then
  now = latest
  base = math.floor(latest)
else
  now = base + math.floor(tonumber(head[2]) / unit) - 1
  local shift = now - base
  if shift > rebaseAt then
    base = now
    for _, job in ipairs(redis.call("ZRANGE", waiting, 0, -1)) do
      redis.call("ZINCRBY", waiting, -shift * unit, job)
    end
  end
end
local field = "next:" .. tenant
local at = math.max(now, tonumber(redis.call("HGET", shares, field) or "0"))
local priorities = {}
for index = 5, #ARGV do
  priorities[#priorities + 1] = math.min(highest, math.floor(at - base) + 1)
  latest = math.max(latest, at)
  at = at + tonumber(ARGV[index]) / weight
end
redis.call("HSET", shares, "base", tostring(base), "latest", string.format("%.4f", latest), field, string.format("%.4f", at))
redis.call("EXPIRE", shares, 604800)
return priorities
`;

export type FairTags = (
  waitingKey: string,
  share: LaneShare,
  costs: readonly number[],
) => Promise<readonly number[]>;

/** Gives each line the priority that puts it in its tenant's turn. `rebase` is for tests. */
export function createFairTags(redis: Redis, rebase = rebaseAt): FairTags {
  return async (waitingKey, { tenant, weight }, costs) => {
    const keys = [`${waitingKey}-shares`, waitingKey];
    const answer = await redis.eval(script, 2, ...keys, tenant, weight, rebase, highestPriority, ...costs);
    return Array.isArray(answer) ? answer.map(Number) : [];
  };
}
