import { MusterError } from "@muster/base";
import { type AuditHead, type AuditRecord, sealedText } from "../../core/audit/audit-record.ts";
import { type AuditFault, ChainCheck } from "../../core/audit/chain-check.ts";
import type { Digest } from "../../ports/digest.ts";
import type { ObjectStore } from "../../ports/object-store.ts";
import { type AuditFile, auditFiles, firstRecord, linesOf } from "./audit-files.ts";

interface AuditDeskDeps {
  readonly store: ObjectStore;
  readonly seal: Digest;
  readonly sealId: string;
  /** What this process has recorded is written: who looks right after a deed finds it. */
  readonly written: () => Promise<void>;
}

export interface AuditQuery {
  readonly sinceMs: number | undefined;
  readonly actor: string | undefined;
  readonly action: string | undefined;
  readonly limit: number;
}

export interface AuditReport {
  readonly logs: number;
  readonly records: number;
  /** The first of them. */
  readonly faults: readonly AuditFault[];
  readonly faultCount: number;
  /** The last record of each log: noted elsewhere, a cut end shows. */
  readonly heads: readonly AuditHead[];
}

const maxFaults = 100;

/** Reads the audit trail, and says whether it is whole. */
export class AuditDesk {
  readonly #deps: AuditDeskDeps;
  #isVerifying = false;

  constructor(deps: AuditDeskDeps) {
    this.#deps = deps;
  }

  /** Newest first. */
  async list({ sinceMs = 0, actor, action, limit }: AuditQuery): Promise<readonly AuditRecord[]> {
    const { store, written } = this.#deps;
    await written();
    let found: AuditRecord[] = [];
    const keepNewest = () => {
      found = newestFirst(found).slice(0, limit);
    };
    // A piece was last written with its last record.
    for (const { log, pieces } of await auditFiles(store))
      for (const { key } of pieces.filter(({ modifiedAtMs }) => modifiedAtMs >= sinceMs - 2_000))
        for await (const record of linesOf(store, log, key)) {
          if (record === undefined || Date.parse(record.at) < sinceMs) continue;
          if (actor !== undefined && record.actor !== actor) continue;
          if (action !== undefined && record.action !== action) continue;
          found.push(record);
          if (found.length >= 2 * limit + 1_000) keepNewest();
        }
    keepNewest();
    return found;
  }

  /** Goes through every record of every log. `noted`: ends that somebody has kept elsewhere. */
  async verify(noted: readonly AuditHead[]): Promise<AuditReport> {
    if (this.#isVerifying)
      throw new MusterError("rate_limited", "The audit trail is being verified already.", {
        retryAfterMs: 2_000,
      });
    this.#isVerifying = true;
    try {
      await this.#deps.written();
      return await this.#verify(noted);
    } finally {
      this.#isVerifying = false;
    }
  }

  async #verify(noted: readonly AuditHead[]): Promise<AuditReport> {
    const { store } = this.#deps;
    const files = await auditFiles(store);
    const wanted = [...noted, ...(await this.#notedByLogs(files))];
    const byLog = new Map(files.map((file) => [file.log, file]));
    const logs = new Set([...files.map(({ log }) => log), ...wanted.map(({ log }) => log)]);
    const faults: AuditFault[] = [];
    const heads: AuditHead[] = [];
    let [records, faultCount] = [0, 0];
    const add = (fault: AuditFault | undefined) => {
      if (fault === undefined) return;
      faultCount += 1;
      if (faults.length < maxFaults) faults.push(fault);
    };
    for (const log of logs) {
      const file = byLog.get(log);
      const foreign = file && (await this.#foreign(file));
      if (foreign !== undefined) {
        add(foreign);
        continue;
      }
      const check = new ChainCheck(log, {
        seal: this.#deps.seal,
        noted: wanted.filter((head) => head.log === log),
      });
      for (const { key } of file?.pieces ?? [])
        for await (const record of linesOf(store, log, key))
          add(record === undefined ? check.unreadable() : check.next(record));
      for (const fault of check.finish()) add(fault);
      records += check.records;
      if (check.head !== undefined) heads.push(check.head);
    }
    return { logs: files.length, records, faults, faultCount, heads };
  }

  /** A log of an orchestrator that has a key of its own cannot be read for faults; it is none that is intact either. */
  async #foreign(file: AuditFile): Promise<AuditFault | undefined> {
    const key = (await firstRecord(this.#deps.store, file))?.details?.["key"];
    if (key === undefined || key === this.#deps.sealId) return undefined;
    const says = `The log was sealed with another audit.key (${String(key).slice(0, 12)}): verify it where that is, or give all orchestrators the same MUSTER_TRUST_DIR.`;
    return { log: file.log, seq: 0, kind: "other_key", says };
  }

  /** What first records say of other logs; of one that was changed nothing is believed. */
  async #notedByLogs(files: readonly AuditFile[]): Promise<AuditHead[]> {
    const heads: AuditHead[] = [];
    for (const file of files) {
      const first = await firstRecord(this.#deps.store, file);
      if (first !== undefined && this.#deps.seal(sealedText(first)) === first.hash)
        heads.push(...(first.heads ?? []));
    }
    return heads;
  }
}

/** Each once: what may not have arrived was written again. */
function newestFirst(records: readonly AuditRecord[]): AuditRecord[] {
  const each = new Map(records.map((record) => [record.hash, record]));
  return [...each.values()].sort((a, b) => (a.at === b.at ? b.seq - a.seq : a.at < b.at ? 1 : -1));
}
