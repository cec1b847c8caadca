import type { Log } from "@muster/base";
import type { RedisFact } from "../../core/findings/facts.ts";
import { connectRedis, type RedisAddress } from "../common/redis-connection.ts";

export interface RedisMemory {
  /** Empty while it is away. */
  look(): Promise<Pick<RedisFact, "memory" | "policy">>;
  close(): void;
}

/** How full Redis is, and what it does when it is. */
export function createRedisMemory(options: {
  readonly address: RedisAddress;
  readonly log: Log;
}): RedisMemory {
  const redis = connectRedis(options.address, "fails-fast", { log: options.log, name: "muster-health" });
  return {
    async look() {
      const info = await redis.info("memory").catch(() => "");
      const of = (field: string) => new RegExp(`^${field}:(\\S+)`, "m").exec(info)?.[1];
      const [usedBytes, maxBytes] = [Number(of("used_memory")), Number(of("maxmemory"))];
      return {
        memory: usedBytes > 0 && maxBytes > 0 ? { usedBytes, maxBytes } : undefined,
        policy: of("maxmemory_policy"),
      };
    },
    close: () => redis.disconnect(),
  };
}
