import type { Log } from "@muster/base";
import type { Digest } from "../../ports/digest.ts";
import type { ProvenReplicas } from "../../ports/proven-replicas.ts";
import { connectRedis, type RedisAddress, untilReady } from "../common/redis-connection.ts";

const keptSeconds = 30 * 24 * 3_600;
const connectMs = 2_000;

/** One key for each fingerprint, named by its hash; it expires by itself. */
export function createRedisProvenReplicas(options: {
  readonly address: RedisAddress;
  readonly prefix: string;
  readonly digest: Digest;
  readonly log: Log;
}): ProvenReplicas {
  const { address, prefix, digest, log } = options;
  const redis = connectRedis(address, "fails-fast", { log, name: "muster-proven" });
  const keyOf = (fingerprint: string) => `${prefix}:proven:${digest(fingerprint)}`;
  return {
    async has(fingerprint) {
      await untilReady(redis, connectMs);
      return (await redis.exists(keyOf(fingerprint))) === 1;
    },
    async add(fingerprint) {
      await untilReady(redis, connectMs);
      await redis.set(keyOf(fingerprint), "1", "EX", keptSeconds);
    },
    close: () => redis.disconnect(),
  };
}
