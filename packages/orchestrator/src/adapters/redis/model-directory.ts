import type { Clock, Log } from "@muster/base";
import type { ModelDirectory } from "../../ports/model-directory.ts";
import { connectRedis, type RedisAddress } from "../common/redis-connection.ts";

/** An orchestrator whose entry has not changed for this long, by our clock, serves nothing. */
const fadeMs = 10_000;
const forgetMs = 120_000;

interface Seen {
  readonly value: string;
  readonly sinceMs: number;
  readonly slots: ReadonlyMap<string, number>;
}

/**
 * One hash: a field for each orchestrator with a count that grows each time. Whether one still lives is told from the
 * growth, not from the clocks of several machines.
 */
export function createRedisModelDirectory(options: {
  readonly address: RedisAddress;
  readonly prefix: string;
  readonly self: string;
  readonly clock: Clock;
  readonly log: Log;
}): ModelDirectory {
  const { self, clock } = options;
  const key = `${options.prefix}:served`;
  const redis = connectRedis(options.address, "fails-fast", { log: options.log, name: "muster-models" });
  const seen = new Map<string, Seen>();
  let beats = 0;
  let total: ReadonlyMap<string, number> = new Map();

  const read = (fields: Readonly<Record<string, string>>): void => {
    const nowMs = clock.nowMs();
    const sums = new Map<string, number>();
    for (const [orchestrator, value] of Object.entries(fields)) {
      if (orchestrator === self) continue;
      const known = seen.get(orchestrator);
      const entry = known?.value === value ? known : { value, sinceMs: nowMs, slots: parseSlots(value) };
      seen.set(orchestrator, entry);
      const silentMs = nowMs - entry.sinceMs;
      if (silentMs > forgetMs) {
        seen.delete(orchestrator);
        redis.hdel(key, orchestrator).catch(() => {});
      } else if (silentMs <= fadeMs) {
        for (const [model, slots] of entry.slots) sums.set(model, (sums.get(model) ?? 0) + slots);
      }
    }
    total = sums;
  };

  return {
    async announce(slots) {
      beats += 1;
      await redis.hset(key, self, JSON.stringify({ beats, slots: Object.fromEntries(slots) }));
      read(await redis.hgetall(key));
    },
    elsewhere: () => total,
    async close() {
      await redis.hdel(key, self).catch(() => {});
      redis.disconnect();
    },
  };
}

/** Written by another orchestrator; whatever is no number of slots is left out. */
function parseSlots(value: string): ReadonlyMap<string, number> {
  try {
    const { slots } = JSON.parse(value) as { slots?: Record<string, unknown> };
    return new Map(
      Object.entries(slots ?? {}).filter((pair): pair is [string, number] => Number.isInteger(pair[1])),
    );
  } catch {
    return new Map();
  }
}
