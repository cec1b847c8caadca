import type { Log } from "@muster/base";
import { Redis } from "ioredis";

/** Where Redis is: a `redis://` or `rediss://` URL, or the absolute path of a unix socket. */
export type RedisAddress = string;

const reconnectCapMs = 1_000;

/**
 * Opens a connection that reconnects for ever. `fails-fast`: commands fail at once while Redis is away and after 2 s
 * while it hangs, for requests that people wait for. `blocking`: for consumers, whose commands wait by design.
 */
export function connectRedis(
  address: RedisAddress,
  use: "fails-fast" | "blocking",
  deps: { readonly log: Log; readonly name: string },
): Redis {
  const redis = new Redis(address, {
    connectionName: deps.name,
    retryStrategy: (tries: number) => Math.min(50 * tries, reconnectCapMs),
    ...(use === "fails-fast"
      ? { enableOfflineQueue: false, maxRetriesPerRequest: 0, commandTimeout: 2_000, connectTimeout: 2_000 }
      : { maxRetriesPerRequest: null }),
  });
  redis.on("error", (error: Error) => {
    deps.log.debug({ connection: deps.name, error: error.message }, "redis connection error");
  });
  return redis;
}

/** Resolves when a new connection is ready for commands; throws what kept it from that. */
export async function untilReady(redis: Redis, timeoutMs: number): Promise<void> {
  if (redis.status === "ready") return;
  await new Promise<void>((resolve, reject) => {
    let lastError: Error | undefined;
    const settle = (outcome: () => void) => {
      clearTimeout(timer);
      redis.off("ready", onReady);
      redis.off("error", onError);
      outcome();
    };
    const onReady = () => settle(resolve);
    const onError = (error: Error) => {
      lastError = error;
    };
    const timer = setTimeout(
      () => settle(() => reject(lastError ?? new Error(`no answer within ${timeoutMs} ms`))),
      timeoutMs,
    );
    redis.on("ready", onReady);
    redis.on("error", onError);
  });
}
