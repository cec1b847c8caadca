/** Where a log was when somebody looked: its last record. */
export interface AuditHead {
  readonly log: string;
  readonly seq: number;
  readonly hash: string;
}

export type AuditDetails = Readonly<Record<string, string | number | boolean>>;

export interface AuditBody {
  /** Of the process that wrote it; not in the line, which lies under its name. */
  readonly log: string;
  /** From 1, without gaps. */
  readonly seq: number;
  /** ISO 8601, in UTC. */
  readonly at: string;
  readonly actor: string;
  readonly action: string;
  readonly target: string;
  readonly details?: AuditDetails | undefined;
  /** Of a first record: the ends of all other logs, so that none of them can be cut or removed unseen. */
  readonly heads?: readonly AuditHead[] | undefined;
  /** The hash of the record before it; empty for the first. */
  readonly prev: string;
}

export interface AuditRecord extends AuditBody {
  readonly hash: string;
}

/** What a hash is taken of: the same text for the same record, however its line is written. */
export function sealedText({ log, seq, at, actor, action, target, details, heads, prev }: AuditBody): string {
  const sorted = Object.entries(details ?? {}).sort(([a], [b]) => (a < b ? -1 : 1));
  const ends = (heads ?? []).map((head) => [head.log, head.seq, head.hash]);
  return JSON.stringify([log, seq, at, actor, action, target, sorted, ends, prev]);
}

export function lineOf({ log: _log, ...rest }: AuditRecord): string {
  return `${JSON.stringify(rest)}\n`;
}

/** Undefined for what is no record. */
export function readLine(log: string, line: string): AuditRecord | undefined {
  let value: unknown;
  try {
    value = JSON.parse(line);
  } catch {
    return undefined;
  }
  return typeof value === "object" && value !== null ? recordOf(log, value) : undefined;
}

function recordOf(log: string, value: object): AuditRecord | undefined {
  const { seq, at, actor, action, target, prev, hash, details, heads } = value as Record<string, unknown>;
  const texts = [at, actor, action, target, prev, hash];
  if (typeof seq !== "number" || !texts.every((text) => typeof text === "string")) return undefined;
  if (!isDetails(details) || !isHeads(heads)) return undefined;
  const [atText = "", actorText = "", actionText = "", targetText = "", prevText = "", hashText = ""] =
    texts as string[];
  return {
    ...{ log, seq, at: atText, actor: actorText, action: actionText, target: targetText },
    ...{ details, heads, prev: prevText, hash: hashText },
  };
}

function isDetails(value: unknown): value is AuditDetails | undefined {
  if (value === undefined) return true;
  if (typeof value !== "object" || value === null || Array.isArray(value)) return false;
  return Object.values(value).every((each) => ["string", "number", "boolean"].includes(typeof each));
}

function isHeads(value: unknown): value is readonly AuditHead[] | undefined {
  return value === undefined || (Array.isArray(value) && value.every(isHead));
}

function isHead(value: unknown): value is AuditHead {
  if (typeof value !== "object" || value === null) return false;
  const { log, seq, hash } = value as Record<string, unknown>;
  return typeof log === "string" && typeof seq === "number" && typeof hash === "string";
}

/** As people note it: `orc-…:17:3f…`. */
export function headText({ log, seq, hash }: AuditHead): string {
  return `${log}:${seq}:${hash}`;
}

export function parseHead(text: string): AuditHead | undefined {
  const [, log, seq, hash] = /^([\w.-]{1,128}):(\d{1,15}):([0-9a-f]{64})$/.exec(text) ?? [];
  return log === undefined || hash === undefined ? undefined : { log, seq: Number(seq), hash };
}
