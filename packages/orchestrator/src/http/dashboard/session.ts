import { MusterError } from "@muster/base";
import type { FastifyInstance, FastifyRequest } from "fastify";
import { z } from "zod";
import { mayDo, type Principal, type Scope, scopes } from "../../core/access/principal.ts";
import { version } from "../../version.ts";
import { identify } from "../auth.ts";
import type { HttpDeps } from "../http-deps.ts";
import { parseBody } from "../parsing/body.ts";
import { clearSessionCookie, sessionCookie, setSessionCookie } from "./cookie.ts";
import { requireOwnPage } from "./own-page.ts";

/** Longer than any key may be. */
const maxKeyLength = 1_000;
const maxBodyBytes = 8 * 1024;

const signInSchema = z.strictObject({ key: z.string().min(1).max(maxKeyLength) });

const path = "/dashboard/v1/session";

/** Signing in to the dashboard, and out. Who has signed in, may what the key may. */
export function sessionRoutes(
  app: FastifyInstance,
  deps: Pick<HttpDeps, "keyRing" | "sessions" | "signInLimit">,
  answers: (scope: Scope) => boolean,
): void {
  const { keyRing, sessions, signInLimit } = deps;
  /** What can be done on this listener: another one may have what administrates. */
  const body = ({ keyName, tenant, ...principal }: Principal) => ({
    ...{ object: "session", is_open: keyRing.isOpen, key_name: keyName, tenant },
    scopes: scopes.filter((scope) => mayDo(principal, scope) && answers(scope)),
    version,
  });

  app.post(path, { config: { public: true }, bodyLimit: maxBodyBytes }, async (request, reply) => {
    requireOwnPage(request);
    const { key } = parseBody(signInSchema, request.body);
    if (keyRing.isOpen) return body(await identify(request, deps));
    signInLimit.check(request.ip);
    const principal = holderOf(key.trim(), request);
    signInLimit.begin(principal.keyId);
    // A session that the browser had before, whoever gave it to it, is of no use any more.
    await endSession(request);
    const { secret } = await sessions.signIn(key.trim());
    setSessionCookie(request, reply, secret);
    return body(principal);
  });

  app.get(path, { config: { public: true } }, async (request, reply) => {
    try {
      return body(await identify(request, deps));
    } catch (error) {
      if (error instanceof MusterError && error.code === "unauthenticated") forget(request, reply);
      throw error;
    }
  });

  app.delete(path, { config: { public: true } }, async (request, reply) => {
    requireOwnPage(request);
    await endSession(request);
    clearSessionCookie(request, reply);
    return reply.status(204).send();
  });

  function holderOf(key: string, request: FastifyRequest): Principal {
    try {
      return keyRing.whoHas(key);
    } catch (error) {
      signInLimit.wrong(request.ip);
      throw error;
    }
  }

  async function endSession(request: FastifyRequest): Promise<void> {
    const secret = sessionCookie(request);
    if (secret !== undefined) await sessions.signOut(secret);
  }

  function forget(request: FastifyRequest, reply: Parameters<typeof clearSessionCookie>[1]): void {
    if (sessionCookie(request) !== undefined) clearSessionCookie(request, reply);
  }
}
