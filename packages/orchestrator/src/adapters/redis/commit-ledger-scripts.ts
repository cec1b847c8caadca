/**
 * The ledger's decisions, each atomic in Redis. KEYS of all: state (hash), done (bitmap), epochs, pointers and crashes
 * (hashes by line). ARGV[1] is the run: the server's memory that the caller believes in (`commit-ledger-server.ts`).
 * In each the first write is one that a full Redis refuses: it writes all or nothing.
 */

/** ARGV: run, gen, lines, done bits, then names and values of the totals. Gives 1 where it took effect. */
export const openScript = `
local known = redis.call("HMGET", KEYS[1], "run", "gen", "status")
if known[2] then
  local gen, knownGen = tonumber(ARGV[2]), tonumber(known[2])
  if gen < knownGen or (gen == knownGen and known[1] == ARGV[1]) then return 0 end
end
redis.call("SET", KEYS[2], ARGV[4])
redis.call("DEL", KEYS[1], KEYS[3], KEYS[4], KEYS[5])
redis.call("HSET", KEYS[1], "run", ARGV[1], "gen", ARGV[2], "lines", ARGV[3], "status", known[3] or "open", unpack(ARGV, 5))
return 1
`;

/**
 * ARGV: run, then line and generation of each claim. Gives for each: why there is none, the epoch, or the epoch and
 * where the line has crashed engines.
 */
export const claimScript = `
local state = redis.call("HMGET", KEYS[1], "run", "gen", "status", "lines")
local isKnown, lines = state[1] == ARGV[1], tonumber(state[4])
local function claim(line, gen)
  if not isKnown or gen ~= state[2] or tonumber(line) >= lines then return "stale" end
  if state[3] == "closed" then return "closed" end
  if redis.call("GETBIT", KEYS[2], line) == 1 then return "done" end
  local epoch = redis.call("HINCRBY", KEYS[3], line, 1)
  local crashes = redis.call("HGET", KEYS[5], line)
  if crashes then return {epoch, crashes} end
  return epoch
end
local claims = {}
for at = 2, #ARGV, 2 do claims[#claims + 1] = claim(ARGV[at], ARGV[at + 1]) end
return claims
`;

/** What a commit adds to the totals, in the order of its arguments. */
export const totalFields = [
  "completed",
  "failed",
  "cachedLines",
  "promptTokens",
  "cachedTokens",
  "completionTokens",
  "reasoningTokens",
] as const;

/** Line, generation, epoch, sha256 and pointer; then what it adds to each total. */
const commitArguments = 5 + totalFields.length;

/**
 * ARGV: run, then `commitArguments` of each commit. Gives the verdicts. A line that is done needs its epochs no more:
 * its bit answers first.
 */
export const commitScript = `
local fields = {${totalFields.map((name) => `"${name}"`).join(", ")}}
local state = redis.call("HMGET", KEYS[1], "run", "gen", "status")
local isKnown, gen = state[1] == ARGV[1], tonumber(state[2])
local sums = {}
local function commit(at)
  local line, tokenGen, epoch = ARGV[at], tonumber(ARGV[at + 1]), tonumber(ARGV[at + 2])
  local sha, pointer = ARGV[at + 3] .. " ", ARGV[at + 4]
  if not isKnown or tokenGen > gen then return "stale" end
  if tokenGen < gen then return "fenced" end
  if state[3] == "closed" then return "closed" end
  if redis.call("GETBIT", KEYS[2], line) == 1 then
    local committed = redis.call("HGET", KEYS[4], line)
    if committed and string.sub(committed, 1, #sha) == sha then return "already" end
    return "lost"
  end
  local newest = tonumber(redis.call("HGET", KEYS[3], line) or "0")
  if epoch < 1 or epoch > newest then return "unknown" end
  local isFailure = ARGV[at + 6] == "1"
  if isFailure and epoch < newest then return "fenced" end
  redis.call("SETBIT", KEYS[2], line, 1)
  redis.call("HSET", KEYS[4], line, sha .. pointer)
  redis.call("HDEL", KEYS[3], line)
  redis.call("HDEL", KEYS[5], line)
  for index = 1, #fields do sums[index] = (sums[index] or 0) + tonumber(ARGV[at + 4 + index]) end
  return "ok"
end
local verdicts = {}
for at = 2, #ARGV, ${commitArguments} do verdicts[#verdicts + 1] = commit(at) end
for index, sum in pairs(sums) do
  if sum ~= 0 then redis.call("HINCRBY", KEYS[1], fields[index], string.format("%.0f", sum)) end
end
return verdicts
`;

/** ARGV: run, line, worker. Gives the workers. Of lines that are done, and for a batch that is lost, nothing is kept. */
export const crashScript = `
local line, worker = ARGV[2], ARGV[3]
local state = redis.call("HMGET", KEYS[1], "run", "lines")
if state[1] ~= ARGV[1] or tonumber(line) >= tonumber(state[2]) then return {worker} end
if redis.call("GETBIT", KEYS[2], line) == 1 then return {worker} end
local workers = cjson.decode(redis.call("HGET", KEYS[5], line) or "[]")
for _, known in ipairs(workers) do
  if known == worker then return workers end
end
workers[#workers + 1] = worker
redis.call("HSET", KEYS[5], line, cjson.encode(workers))
return workers
`;

export const closeScript = `
if redis.call("EXISTS", KEYS[1]) == 1 then redis.call("HSET", KEYS[1], "status", "closed") end
`;

/** KEYS: the lease. ARGV: holder, milliseconds. */
export const leaseScript = `
local holder = redis.call("GET", KEYS[1])
if holder and holder ~= ARGV[1] then return 0 end
redis.call("SET", KEYS[1], ARGV[1], "PX", ARGV[2])
return 1
`;

export const releaseScript = `
if redis.call("GET", KEYS[1]) == ARGV[1] then redis.call("DEL", KEYS[1]) end
`;
