import type { RequestOptions, Transport } from "../http.ts";
import { withQuery } from "../query.ts";
import type { ResponseInfo } from "../response-info.ts";
import type { List } from "./models.ts";

/**
 * Something that somebody did.
 * @example console.log(`${record.at} ${record.actor} ${record.action} ${record.target}`);
 */
export interface AuditRecord {
  readonly object: "audit_record";
  /** Of the orchestrator's process that wrote it. */
  readonly log: string;
  /** Its number in that log, from 1. */
  readonly seq: number;
  /** ISO 8601, in UTC. */
  readonly at: string;
  /** The id of a key, `worker:<id>`, `peer:<address>`, or `muster`. */
  readonly actor: string;
  readonly action: string;
  readonly target: string;
  readonly details: Readonly<Record<string, string | number | boolean>>;
}

/**
 * Which records are wanted.
 * @example const query: AuditQuery = { action: "key.create", limit: 10 };
 */
export interface AuditQuery {
  /** Unix seconds. */
  readonly since?: number | undefined;
  readonly actor?: string | undefined;
  readonly action?: string | undefined;
  /** 1 to 1,000; default: 100. */
  readonly limit?: number | undefined;
}

/**
 * Whether the audit trail is as it was written.
 * @example if (!report.intact) console.log(report.faults.map((fault) => fault.says));
 */
export interface AuditReport {
  readonly object: "audit_report";
  readonly intact: boolean;
  readonly logs: number;
  readonly records: number;
  /** The first hundred. */
  readonly faults: readonly {
    readonly log: string;
    readonly seq: number;
    readonly kind: string;
    readonly says: string;
  }[];
  readonly fault_count: number;
  /** The end of each log: kept elsewhere and given to the next `verify`, it shows a log that was cut. */
  readonly heads: readonly string[];
}

/**
 * `muster.audit`: who did what. Needs a key with the scope `admin`.
 * @example const { data } = await muster.audit.list({ action: "key.create" });
 */
export interface Audit {
  /**
   * What was done, newest first. Rejects with a MusterApiError.
   * @example const { data } = await muster.audit.list({ since: Date.now() / 1_000 - 3_600 });
   */
  list(query?: AuditQuery, options?: RequestOptions): Promise<List<AuditRecord> & ResponseInfo>;
  /**
   * Reads every record and checks that none was changed, removed or put in.
   * @example const { intact } = await muster.audit.verify();
   */
  verify(
    settings?: { readonly heads?: readonly string[] | undefined },
    options?: RequestOptions,
  ): Promise<AuditReport & ResponseInfo>;
}

const all = "/cluster/v1/audit";

export function createAudit(transport: Transport): Audit {
  return {
    list: ({ since, actor, action, limit } = {}, options) =>
      transport.json<List<AuditRecord>>({
        method: "GET",
        path: withQuery(all, { since, actor, action, limit }),
        options,
      }),
    verify: (settings = {}, options) =>
      transport.json<AuditReport>({ method: "POST", path: `${all}/verify`, body: settings, options }),
  };
}
