/**
 * The limits of one key, in Lua. KEYS: a hash of its state, a sorted set of its leases by when they end, and a hash of
 * the tokens that each has reserved. In the state: `r`, `t` (what is left of a minute's requests and tokens) with `rt`,
 * `tt` (when that was), `o` (tokens reserved in all), `m` (a month) and `u` (its tokens). ARGV[1] moves the clock in
 * tests; a limit below 0 is none.
 */
const common = `
local state, leases, reserved = KEYS[1], KEYS[2], KEYS[3]
local time = redis.call('TIME')
local now = tonumber(time[1]) * 1000 + math.floor(tonumber(time[2]) / 1000) + tonumber(ARGV[1])
local minute, leaseMs, keptMs = 60000, 60000, 40 * 86400000

-- The UTC month of a day since 1970 (days to civil, after Howard Hinnant).
local function monthNow()
  local z = math.floor(now / 86400000) + 719468
  local era = math.floor(z / 146097)
  local doe = z - era * 146097
  local yoe = math.floor((doe - math.floor(doe / 1460) + math.floor(doe / 36524) - math.floor(doe / 146096)) / 365)
  local doy = doe - (365 * yoe + math.floor(yoe / 4) - math.floor(yoe / 100))
  local mp = math.floor((5 * doy + 2) / 153)
  local month = mp < 10 and mp + 3 or mp - 9
  local year = yoe + era * 400 + (month <= 2 and 1 or 0)
  return string.format('%04d-%02d', year, month)
end

local function levelOf(field, perMinute)
  local held = redis.call('HMGET', state, field, field .. 't')
  if not held[1] then return perMinute end
  local refilled = math.max(0, now - tonumber(held[2])) * perMinute / minute
  return math.min(perMinute, tonumber(held[1]) + refilled)
end

local function put(field, level)
  redis.call('HSET', state, field, string.format('%.4f', level), field .. 't', string.format('%.0f', now))
end

local function waitFor(level, amount, perMinute)
  return math.max(0, math.ceil((amount - level) * minute / perMinute))
end

local function usedThisMonth()
  local held = redis.call('HMGET', state, 'm', 'u')
  if held[1] ~= monthNow() then return nil end
  return tonumber(held[2])
end

local function keep()
  for _, key in ipairs({ state, leases, reserved }) do redis.call('PEXPIRE', key, keptMs) end
end
`;

/** ARGV: lease, tokens, then requests and tokens a minute, concurrency and tokens a month. */
export const admitScript = `${common}
local lease, tokens = ARGV[2], tonumber(ARGV[3])
local rpm, tpm, most, perMonth = tonumber(ARGV[4]), tonumber(ARGV[5]), tonumber(ARGV[6]), tonumber(ARGV[7])

for _, gone in ipairs(redis.call('ZRANGEBYSCORE', leases, '-inf', string.format('%.0f', now))) do
  redis.call('HINCRBY', state, 'o', -tonumber(redis.call('HGET', reserved, gone) or 0))
  redis.call('HDEL', reserved, gone)
  redis.call('ZREM', leases, gone)
end

local requestsLeft = rpm >= 0 and levelOf('r', rpm) or 0
local tokensLeft = tpm >= 0 and levelOf('t', tpm) or 0
local function answer(what, by, retryMs, used)
  return { what, by, retryMs, used,
    math.max(0, math.floor(requestsLeft)), rpm >= 0 and waitFor(requestsLeft, rpm, rpm) or 0,
    math.max(0, math.floor(tokensLeft)), tpm >= 0 and waitFor(tokensLeft, tpm, tpm) or 0 }
end

if perMonth >= 0 then
  local used = usedThisMonth()
  if used == nil then return { 'month-unknown', monthNow() } end
  used = used + tonumber(redis.call('HGET', state, 'o') or 0)
  if used + tokens > perMonth then return answer('refused', 'tokens_per_month', 0, used) end
end
local requestsMs = rpm >= 0 and waitFor(requestsLeft, 1, rpm) or 0
local tokensMs = tpm >= 0 and waitFor(tokensLeft, tokens, tpm) or 0
local placesMs = (most >= 0 and redis.call('ZCARD', leases) >= most) and 1000 or 0
local longest = math.max(requestsMs, tokensMs, placesMs)
if longest > 0 then
  local by = longest == requestsMs and 'requests_per_minute' or longest == tokensMs and 'tokens_per_minute' or 'concurrency'
  return answer('refused', by, longest, 0)
end

if rpm >= 0 then
  requestsLeft = requestsLeft - 1
  put('r', requestsLeft)
end
if tpm >= 0 then
  tokensLeft = tokensLeft - tokens
  put('t', tokensLeft)
end
redis.call('ZADD', leases, string.format('%.0f', now + leaseMs), lease)
redis.call('HSET', reserved, lease, tokens)
redis.call('HINCRBY', state, 'o', tokens)
keep()
return answer('admitted', '', 0, 0)
`;

/** ARGV: lease, used tokens, tokens a minute. */
export const settleScript = `${common}
local lease, used, tpm = ARGV[2], tonumber(ARGV[3]), tonumber(ARGV[4])
local held = redis.call('HGET', reserved, lease)
if not held then return 0 end
redis.call('HDEL', reserved, lease)
redis.call('ZREM', leases, lease)
redis.call('HINCRBY', state, 'o', -tonumber(held))
if tpm >= 0 then put('t', math.min(tpm, levelOf('t', tpm) + tonumber(held) - used)) end
if usedThisMonth() ~= nil then redis.call('HINCRBY', state, 'u', used) end
keep()
return 1
`;

/** ARGV: lease and tokens, for each. */
export const renewScript = `${common}
for at = 2, #ARGV, 2 do
  local lease, tokens = ARGV[at], ARGV[at + 1]
  if redis.call('HSETNX', reserved, lease, tokens) == 1 then redis.call('HINCRBY', state, 'o', tokens) end
  redis.call('ZADD', leases, string.format('%.0f', now + leaseMs), lease)
end
keep()
return 1
`;

/** ARGV: tokens. */
export const countScript = `${common}
if usedThisMonth() ~= nil then redis.call('HINCRBY', state, 'u', ARGV[2]) end
return 1
`;

export const monthScript = `${common}
local used = usedThisMonth()
return { monthNow(), used == nil and -1 or used }
`;

/** ARGV: month, tokens. */
export const fillMonthScript = `${common}
if ARGV[2] == monthNow() and usedThisMonth() == nil then
  redis.call('HSET', state, 'm', ARGV[2], 'u', ARGV[3])
  keep()
end
return 1
`;
