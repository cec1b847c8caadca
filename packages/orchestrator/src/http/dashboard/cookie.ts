import type { FastifyReply, FastifyRequest } from "fastify";
import { sessionMs } from "../../flows/trust/dashboard-sessions.ts";

/** Browsers take a cookie of the second name only from this very host, over TLS: nobody else can plant one. */
const names = { http: "muster_session", https: "__Host-muster_session" } as const;
/** A proxy may say a protocol that there is not: then nothing vouches for TLS. */
const nameFor = (protocol: string) => (protocol === "https" ? names.https : names.http);
/** 256 bits in base64url. */
const secretPattern = /^[A-Za-z0-9_-]{43}$/;

/** The secret of the session that a request shows; undefined: none, or none that could be one of ours. */
export function sessionCookie({ headers, protocol }: FastifyRequest): string | undefined {
  const prefix = `${nameFor(protocol)}=`;
  const values = (headers.cookie ?? "")
    .split(";")
    .map((pair) => pair.trim())
    .filter((pair) => pair.startsWith(prefix));
  const [first, ...more] = values;
  // Of two, one is somebody else's, set for a domain above this one: which, nobody can tell.
  if (first === undefined || more.length > 0) return undefined;
  const secret = first.slice(prefix.length);
  return secretPattern.test(secret) ? secret : undefined;
}

export function setSessionCookie(request: FastifyRequest, reply: FastifyReply, secret: string): void {
  writeCookie(request, reply, { value: secret, seconds: Math.floor(sessionMs / 1000) });
}

export function clearSessionCookie(request: FastifyRequest, reply: FastifyReply): void {
  writeCookie(request, reply, { value: "", seconds: 0 });
}

function writeCookie(
  { protocol }: FastifyRequest,
  reply: FastifyReply,
  { value, seconds }: { readonly value: string; readonly seconds: number },
): void {
  const parts = [
    `${nameFor(protocol)}=${value}`,
    "Path=/",
    `Max-Age=${seconds}`,
    "HttpOnly",
    "SameSite=Strict",
  ];
  if (protocol === "https") parts.push("Secure");
  reply.header("set-cookie", parts.join("; "));
}
