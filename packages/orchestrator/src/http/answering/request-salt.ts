import { createHash } from "node:crypto";
import type { FastifyRequest } from "fastify";
import { cacheSalt } from "../../core/access/cache-salt.ts";

const longestSalt = 128;

/** With whom this request may share the beginning of its prompt: its tenant, or those of them that `cache_salt` names. */
export function requestSalt({ tenant, body }: Pick<FastifyRequest, "tenant" | "body">): string {
  const given =
    typeof body === "object" && body !== null && "cache_salt" in body ? body.cache_salt : undefined;
  const within = typeof given === "string" && given !== "" ? given.slice(0, longestSalt) : undefined;
  return cacheSalt((text) => createHash("sha256").update(text).digest("hex"), tenant, within);
}
