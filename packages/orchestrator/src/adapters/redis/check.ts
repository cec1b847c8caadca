import { type Log, MusterError } from "@muster/base";
import { connectRedis, untilReady } from "../common/redis-connection.ts";

/** Lua scripts and streams that the lanes use need at least this. */
const oldestMajor = 6;

/**
 * Makes sure that a Redis that somebody else runs can be built on. Throws `store_unavailable` when it cannot be
 * reached, is too old, or would throw queued requests away when its memory is full.
 */
export async function checkRedis(url: string, log: Log): Promise<void> {
  const where = withoutPassword(url);
  const redis = connectRedis(url, "fails-fast", { log, name: "muster-check" });
  try {
    await untilReady(redis, 5_000).catch((cause: unknown) => {
      throw new MusterError(
        "store_unavailable",
        `Redis at ${where} does not answer: ${MusterError.from(cause).message}.`,
        {
          cause,
        },
      );
    });
    const info = await redis.info();
    const major = Number(/^redis_version:(\d+)/m.exec(info)?.[1] ?? 0);
    if (major < oldestMajor) {
      throw new MusterError(
        "store_unavailable",
        `Redis at ${where} is version ${major}: Muster needs ${oldestMajor} or newer.`,
      );
    }
    const policy = /^maxmemory_policy:(\S+)/m.exec(info)?.[1];
    if (policy !== undefined && policy !== "noeviction") {
      throw new MusterError(
        "store_unavailable",
        `Redis at ${where} evicts keys when its memory is full (maxmemory-policy ${policy}): requests would be lost. Set maxmemory-policy to noeviction.`,
      );
    }
  } finally {
    redis.disconnect();
  }
}

/** Host and port alone: an address may hold a password in several places. */
function withoutPassword(url: string): string {
  if (!URL.canParse(url)) return url.startsWith("/") ? url : "REDIS_URL";
  const { protocol, host } = new URL(url);
  return `${protocol}//${host}`;
}
