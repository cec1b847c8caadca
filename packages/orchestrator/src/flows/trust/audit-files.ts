import { type AuditHead, type AuditRecord, readLine } from "../../core/audit/audit-record.ts";
import { objectKeys } from "../../core/batches/keys.ts";
import type { ObjectInfo, ObjectStore } from "../../ports/object-store.ts";

/** One log, with its pieces in order. */
export interface AuditFile {
  readonly log: string;
  readonly pieces: readonly ObjectInfo[];
}

/** What is read of the begin and the end of a piece; records are far shorter. */
const edgeBytes = 256 * 1024;
/** A line that is longer is none of ours. */
const maxLineLength = 1024 * 1024;
/** Noted in a first record; of more the newest. */
const maxHeads = 500;

export async function auditFiles(store: ObjectStore): Promise<AuditFile[]> {
  const files = new Map<string, ObjectInfo[]>();
  for await (const info of store.list(objectKeys.auditLogs)) {
    const [log, piece] = info.key.slice(objectKeys.auditLogs.length).split("/");
    if (log === undefined || piece === undefined) continue;
    // Where objects do not grow, each time that something was written is a piece: there may be very many.
    const pieces = files.get(log);
    if (pieces === undefined) files.set(log, [info]);
    else pieces.push(info);
  }
  return [...files].map(([log, pieces]) => ({ log, pieces }));
}

/**
 * The records of a piece; undefined for a line that is none. A last line without its end is left out: it is being
 * written, or was torn by a crash.
 */
export async function* linesOf(
  store: ObjectStore,
  log: string,
  key: string,
): AsyncIterable<AuditRecord | undefined> {
  const decoder = new TextDecoder();
  let rest = "";
  for await (const chunk of store.read(key)) {
    rest += decoder.decode(chunk, { stream: true });
    const lines = rest.split("\n");
    rest = lines.pop() ?? "";
    for (const line of lines) yield readLine(log, line);
    if (rest.length > maxLineLength) {
      rest = "";
      yield undefined;
    }
  }
}

/** The first record of a log, which notes the ends of others. */
export async function firstRecord(
  store: ObjectStore,
  { log, pieces }: AuditFile,
): Promise<AuditRecord | undefined> {
  const [piece] = pieces;
  const content = piece && (await store.get(piece.key, { offset: 0, length: edgeBytes }));
  const [line = ""] = new TextDecoder().decode(content).split("\n");
  return readLine(log, line);
}

async function lastRecord(store: ObjectStore, { log, pieces }: AuditFile): Promise<AuditRecord | undefined> {
  for (const { key, bytes } of [...pieces].reverse()) {
    const offset = Math.max(0, bytes - edgeBytes);
    const content = await store.get(key, { offset, length: edgeBytes });
    const lines = new TextDecoder().decode(content).split("\n").slice(0, -1);
    for (const line of lines.reverse()) {
      const record = readLine(log, line);
      if (record !== undefined) return record;
    }
  }
  return undefined;
}

/** The ends of all logs but our own, without those that another log has noted already as they are now. */
export async function headsOfOthers(store: ObjectStore, writer: string): Promise<readonly AuditHead[]> {
  const heads: (AuditHead & { readonly atMs: number })[] = [];
  const noted = new Set<string>();
  for (const file of await auditFiles(store)) {
    if (file.log === writer) continue;
    for (const { log, hash } of (await firstRecord(store, file))?.heads ?? []) noted.add(`${log} ${hash}`);
    const last = await lastRecord(store, file);
    const atMs = file.pieces.at(-1)?.modifiedAtMs ?? 0;
    if (last !== undefined) heads.push({ log: file.log, seq: last.seq, hash: last.hash, atMs });
  }
  return heads
    .filter(({ log, hash }) => !noted.has(`${log} ${hash}`))
    .sort((a, b) => b.atMs - a.atMs)
    .slice(0, maxHeads)
    .map(({ log, seq, hash }) => ({ log, seq, hash }));
}
