import type { IncomingHttpHeaders } from "node:http";
import { isLoopbackHost, MusterError } from "@muster/base";
import type { FastifyRequest } from "fastify";
import { mayDo, operator, ownIds, type Principal, type Scope } from "../core/access/principal.ts";
import type { TraceRef } from "../core/tracing/trace-context.ts";
import type { Span } from "../ports/tracer.ts";
import { sessionCookie } from "./dashboard/cookie.ts";
import { requireOwnPage } from "./dashboard/own-page.ts";

declare module "fastify" {
  interface FastifyRequest {
    /** Who asks, and what they may; of nobody only on public routes. */
    principal: Principal;
    /** Whose request it is: files and batches belong to tenants. */
    tenant: string;
    /** Which trace it belongs to: its client's, else one of its own. */
    trace: TraceRef;
    /** Undefined where it is not recorded. */
    span: Span | undefined;
  }
  interface FastifyContextConfig {
    /** What a key must be for. */
    scope?: Scope | undefined;
    /** Keys for one of these may ask as well. */
    alsoFor?: readonly Scope[] | undefined;
    /** Anybody may ask, without a key. */
    public?: boolean | undefined;
  }
}

/** Who is behind a key. */
export interface KeyHolders {
  /** Nobody needs a key: there is none, and never was. */
  readonly isOpen: boolean;
  /** Throws `unauthenticated`. */
  whoHas(presented: string): Principal;
}

/** Who is behind a session of the dashboard. */
interface SessionHolders {
  /** Throws `unauthenticated`. */
  whoIs(secret: string): Promise<Principal>;
  /** By what was read last. Throws `unauthenticated`. */
  stillIs(secret: string): Principal;
}

interface Holders {
  readonly keyRing: KeyHolders;
  readonly sessions: SessionHolders;
}

/** What a proxy says of whom it speaks for; some say one of these alone. */
const ofProxies = [
  ...["forwarded", "via", "x-real-ip"],
  ...["x-forwarded-for", "x-forwarded-host", "x-forwarded-proto"],
] as const;

/** Everybody, where there are no keys. */
const onlyTenant = "default";

/**
 * Who asks, if they may. With keys: only who presents one, as `Authorization: Bearer` or `x-api-key`. Without keys the
 * listener is on loopback, and only requests that were addressed to loopback count: a web page that points its own name
 * at 127.0.0.1 (DNS rebinding) is turned away.
 */
export function authorize(headers: IncomingHttpHeaders, keys: KeyHolders): Principal {
  if (keys.isOpen) {
    requireFromHere(headers);
    return operator({ keyId: ownIds.loopback, tenant: onlyTenant });
  }
  const presented = presentedKey(headers);
  if (presented !== undefined) return keys.whoHas(presented);
  throw new MusterError(
    "unauthenticated",
    "No API key was sent. Send it as the header Authorization: Bearer <key>.",
  );
}

/** As `authorize`; who shows no key may have signed in to the dashboard, with one that still counts. */
export async function identify(request: FastifyRequest, { keyRing, sessions }: Holders): Promise<Principal> {
  const secret = shownSession(request, keyRing);
  if (secret === undefined) return authorize(request.headers, keyRing);
  requireOwnPage(request);
  return sessions.whoIs(secret);
}

export function hasKey(headers: IncomingHttpHeaders): boolean {
  return presentedKey(headers) !== undefined;
}

/** Throws `forbidden`, naming what the key lacks. */
export function requireScope({ principal, routeOptions, method }: FastifyRequest): void {
  const { scope, alsoFor = [] } = routeOptions.config;
  // A path that there is not has no scope: whoever has a key is told so.
  if (scope === undefined || [scope, ...alsoFor].some((each) => mayDo(principal, each))) return;
  throw new MusterError(
    "forbidden",
    `The API key "${principal.keyName}" is for ${[...principal.scopes].join(", ")}: ${method} ${routeOptions.url} needs the scope "${scope}".`,
  );
}

/** Whether whoever asked some time ago would still be answered: keys are revoked, and expire. For answers without end. */
export function isStillAllowed(request: FastifyRequest, { keyRing, sessions }: Holders): boolean {
  try {
    const secret = shownSession(request, keyRing);
    const principal = secret === undefined ? authorize(request.headers, keyRing) : sessions.stillIs(secret);
    const { scope } = request.routeOptions.config;
    return principal.keyId === request.principal.keyId && (scope === undefined || mayDo(principal, scope));
  } catch {
    return false;
  }
}

function shownSession(request: FastifyRequest, keys: KeyHolders): string | undefined {
  return keys.isOpen || hasKey(request.headers) ? undefined : sessionCookie(request);
}

function requireFromHere(headers: IncomingHttpHeaders): void {
  if (isFromForeignPage(headers))
    throw new MusterError(
      "forbidden",
      "This orchestrator has no API keys: pages of other sites may not use it.",
    );
  // A proxy on this machine speaks for anybody who can reach it.
  if (ofProxies.some((name) => headers[name] !== undefined))
    throw new MusterError(
      "forbidden",
      "This orchestrator has no API keys and answers only programs of its own machine, not what a proxy forwards. Make a key: muster keys create.",
    );
  const host = (headers.host ?? "").toLowerCase().replace(/:\d+$/, "");
  if (isLoopbackHost(host)) return;
  throw new MusterError(
    "forbidden",
    `This orchestrator has no API keys and answers only on localhost, not as "${host.slice(0, 100)}". Make a key (muster keys create) or set MUSTER_API_KEYS to open it.`,
  );
}

/** A browser says which page a request comes from; some requests it sends without asking us first. */
function isFromForeignPage(headers: IncomingHttpHeaders): boolean {
  if (headers["sec-fetch-site"] === "cross-site") return true;
  const { origin } = headers;
  if (origin === undefined) return false;
  return !URL.canParse(origin) || !isLoopbackHost(new URL(origin).hostname);
}

function presentedKey(headers: IncomingHttpHeaders): string | undefined {
  const bearer = /^Bearer +(\S+) *$/i.exec(headers.authorization ?? "")?.[1];
  const header = headers["x-api-key"];
  return bearer ?? (typeof header === "string" && header !== "" ? header : undefined);
}
