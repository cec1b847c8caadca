import { createHash } from "node:crypto";
import type { Redis } from "ioredis";

export type ScriptArgument = string | number | Buffer;
export type Script = (keys: readonly string[], args: readonly ScriptArgument[]) => Promise<unknown>;

/** A Lua script by its digest; a server that does not have it yet is given the text. */
export function luaScript(redis: Redis, text: string): Script {
  const digest = createHash("sha1").update(text).digest("hex");
  return async (keys, args) => {
    try {
      return await redis.evalsha(digest, keys.length, ...keys, ...args);
    } catch (error) {
      if (!(error instanceof Error && error.message.startsWith("NOSCRIPT"))) throw error;
      return await redis.eval(text, keys.length, ...keys, ...args);
    }
  };
}
