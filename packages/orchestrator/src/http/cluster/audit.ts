import { MusterError } from "@muster/base";
import type { FastifyInstance } from "fastify";
import { z } from "zod";
import { type AuditHead, headText, parseHead } from "../../core/audit/audit-record.ts";
import { auditActions } from "../../ports/audit-trail.ts";
import type { HttpDeps } from "../http-deps.ts";
import { parseBody } from "../parsing/body.ts";

const listSchema = z.strictObject({
  /** Unix seconds. */
  since: z.coerce.number().min(0).max(1e11).optional(),
  actor: z.string().min(1).max(200).optional(),
  action: z.enum(auditActions).optional(),
  limit: z.coerce.number().int().min(1).max(1_000).default(100),
});
const verifySchema = z.strictObject({ heads: z.array(z.string().max(256)).max(1_000).nullish() });

/** /cluster/v1/audit: who did what, and whether somebody has changed what is written of it. */
export function auditRoutes(app: FastifyInstance, { auditDesk }: HttpDeps): void {
  app.get("/cluster/v1/audit", { config: { scope: "admin" } }, async ({ query }) => {
    const { since, actor, action, limit } = parseBody(listSchema, query);
    const sinceMs = since === undefined ? undefined : since * 1000;
    const records = await auditDesk.list({ sinceMs, actor, action, limit });
    return {
      object: "list",
      data: records.map(({ log, seq, at, actor: who, action: what, target, details }) => ({
        ...{ object: "audit_record", log, seq, at, actor: who, action: what, target },
        details: details ?? {},
      })),
      has_more: records.length === limit,
    };
  });

  app.post("/cluster/v1/audit/verify", { config: { scope: "admin" } }, async ({ body }) => {
    const { heads } = parseBody(verifySchema, body ?? {});
    const report = await auditDesk.verify((heads ?? []).map(headOf));
    return {
      ...{
        object: "audit_report",
        intact: report.faultCount === 0,
        logs: report.logs,
        records: report.records,
      },
      faults: report.faults,
      fault_count: report.faultCount,
      heads: report.heads.map(headText),
    };
  });
}

function headOf(text: string): AuditHead {
  const head = parseHead(text);
  if (head !== undefined) return head;
  throw new MusterError("invalid_request", `"${text.slice(0, 100)}" is no end of a log: log:number:hash.`, {
    param: "heads",
  });
}
