import type { Log } from "@muster/base";
import { z } from "zod";
import type { SessionStore, StoredSession } from "../../ports/session-store.ts";
import { connectRedis, type RedisAddress, untilReady } from "../common/redis-connection.ts";

const connectMs = 2_000;

const record = z.object({
  keyId: z.string(),
  bond: z.string(),
  signedInAtMs: z.number(),
  usedAtMs: z.number(),
});

/** One key for each session; it expires by itself. */
export function createRedisSessionStore(options: {
  readonly address: RedisAddress;
  readonly prefix: string;
  readonly log: Log;
}): SessionStore {
  const { address, prefix, log } = options;
  const redis = connectRedis(address, "fails-fast", { log, name: "muster-sessions" });
  const keyOf = (name: string) => `${prefix}:session:${name}`;
  return {
    async add(name, session, keptMs) {
      await untilReady(redis, connectMs);
      await redis.set(keyOf(name), JSON.stringify(session), "PX", Math.ceil(keptMs));
    },
    async find(name) {
      await untilReady(redis, connectMs);
      const text = await redis.get(keyOf(name));
      return text === null ? undefined : read(text);
    },
    async renew(name, session, keptMs) {
      await untilReady(redis, connectMs);
      await redis.set(keyOf(name), JSON.stringify(session), "PX", Math.ceil(keptMs), "XX");
    },
    async remove(name) {
      await untilReady(redis, connectMs);
      return (await redis.del(keyOf(name))) === 1;
    },
    close: () => redis.disconnect(),
  };
}

function read(text: string): StoredSession | undefined {
  try {
    return record.parse(JSON.parse(text));
  } catch {
    return undefined;
  }
}
