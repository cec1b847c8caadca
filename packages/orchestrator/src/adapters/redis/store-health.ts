import type { Log } from "@muster/base";
import type { StoreHealth } from "../../ports/store-health.ts";
import { connectRedis, type RedisAddress, untilReady } from "../common/redis-connection.ts";

const readyTimeoutMs = 1_000;

/** Looks at Redis over a connection of its own: what others wait for does not count into its latency. */
export function createRedisStoreHealth(options: {
  readonly address: RedisAddress;
  readonly log: Log;
}): StoreHealth {
  const redis = connectRedis(options.address, "fails-fast", { log: options.log, name: "muster-health" });
  return {
    async look() {
      try {
        await untilReady(redis, readyTimeoutMs);
        const memory = await redis.info("memory");
        const fromMs = performance.now();
        await redis.ping();
        const latencySeconds = (performance.now() - fromMs) / 1_000;
        return {
          usedBytes: Number(field(memory, "used_memory") ?? 0),
          // 0: it has no limit.
          maxBytes: Number(field(memory, "maxmemory") ?? 0) || undefined,
          policy: field(memory, "maxmemory_policy"),
          latencySeconds,
        };
      } catch {
        return undefined;
      }
    },
    close: () => redis.disconnect(),
  };
}

function field(info: string, name: string): string | undefined {
  return new RegExp(`^${name}:(\\S+)`, "m").exec(info)?.[1];
}
