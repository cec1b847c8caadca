import type { FastifyRequest } from "fastify";
import type { AuditAction, AuditEvent, AuditTrail } from "../ports/audit-trail.ts";

/** Has the audit trail remember what whoever asks has done. */
export function noteTo(audit: AuditTrail) {
  return (
    { principal }: Pick<FastifyRequest, "principal">,
    action: AuditAction,
    target: string,
    details?: AuditEvent["details"],
  ): void => audit.record({ action, actor: principal.keyId, target, details });
}

/** An address without what may open something: a password before its host, and what follows a question mark. */
export function withoutSecrets(uri: string): string {
  return uri.replace(/[?#].*$/s, "").replace(/\/\/[^/]*@/, "//");
}
