import { createHash } from "node:crypto";
import type { IncomingHttpHeaders } from "node:http";
import { MusterError } from "@muster/base";
import { type ApiKey, tenantOf } from "../core/access/api-keys.ts";
import { operator, type Principal, type Scope } from "../core/access/principal.ts";

declare module "fastify" {
  interface FastifyRequest {
    /** Who asks, and what they may; of nobody only on public routes. */
    principal: Principal;
    /** Whose request it is: files and batches belong to tenants. */
    tenant: string;
  }
  interface FastifyContextConfig {
    scope?: Scope | undefined;
  }
}

const loopbackNames = new Set(["localhost", "127.0.0.1", "[::1]"]);
/** Everybody, where there are no keys. */
const onlyTenant = "default";

export const digestOfKey = (text: string): Uint8Array => createHash("sha256").update(text).digest();

/**
 * Who asks, if they may. With keys: only who presents one, as `Authorization: Bearer` or `x-api-key`. Without keys the
 * listener is on loopback, and only requests that were addressed to loopback count: a web page that points its own name
 * at 127.0.0.1 (DNS rebinding) is turned away.
 */
export function authorize(headers: IncomingHttpHeaders, apiKeys: readonly ApiKey[]): Principal {
  if (apiKeys.length === 0) {
    const host = (headers.host ?? "").toLowerCase().replace(/:\d+$/, "");
    if (isFromForeignPage(headers)) {
      throw new MusterError(
        "forbidden",
        "This orchestrator has no API keys: pages of other sites may not use it.",
      );
    }
    if (loopbackNames.has(host)) return operator({ keyId: "loopback", tenant: onlyTenant });
    throw new MusterError(
      "forbidden",
      `This orchestrator has no API keys and answers only on localhost, not as "${host.slice(0, 100)}". Set MUSTER_API_KEYS to open it.`,
    );
  }
  const presented = presentedKey(headers);
  if (presented === undefined) {
    throw new MusterError(
      "unauthenticated",
      "No API key was sent. Send it as the header Authorization: Bearer <key>.",
    );
  }
  const tenant = tenantOf(presented, apiKeys, digestOfKey);
  if (tenant === undefined) throw new MusterError("unauthenticated", "The API key is not valid here.");
  return operator({ keyId: `configured:${tenant}`, tenant });
}

/** A browser says which page a request comes from; some requests it sends without asking us first. */
function isFromForeignPage(headers: IncomingHttpHeaders): boolean {
  if (headers["sec-fetch-site"] === "cross-site") return true;
  const { origin } = headers;
  if (origin === undefined) return false;
  return !URL.canParse(origin) || !loopbackNames.has(new URL(origin).hostname);
}

function presentedKey(headers: IncomingHttpHeaders): string | undefined {
  const bearer = /^Bearer +(\S+) *$/i.exec(headers.authorization ?? "")?.[1];
  const header = headers["x-api-key"];
  return bearer ?? (typeof header === "string" && header !== "" ? header : undefined);
}
