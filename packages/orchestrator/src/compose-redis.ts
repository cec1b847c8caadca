import { join } from "node:path";
import type { Lifecycle, Log } from "@muster/base";
import { checkRedis } from "./adapters/redis/check.ts";
import { findRedisExecutable } from "./adapters/redis/executable.ts";
import { startSupervisedRedis } from "./adapters/redis/server.ts";
import type { OrchestratorConfig } from "./config.ts";

/** Where Redis is: the one that was named, else one of our own, which is started here. */
export async function openRedis(
  config: OrchestratorConfig,
  deps: { readonly log: Log; readonly lifecycle: Lifecycle },
): Promise<string> {
  const { log, lifecycle } = deps;
  if (config.redisUrl !== undefined) {
    await checkRedis(config.redisUrl, log);
    return config.redisUrl;
  }
  const server = await startSupervisedRedis({
    directory: join(config.dataDirectory, "redis"),
    executable: config.redisExecutable ?? findRedisExecutable(config.searchPath),
    log,
    random: Math.random,
  });
  lifecycle.onStop("redis", () => server.stop());
  return server.address;
}
