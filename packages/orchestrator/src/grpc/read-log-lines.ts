import { type KeptLine, keptLine, type LineLevel, type LogFields, printableName } from "@muster/base";
import type { WireLogLinesRead } from "@muster/proto";
import { withoutPaths } from "../core/without-paths.ts";

/** What a worker says in one message; more is counted as left out. */
const maxLines = 100;
/** Of the fields of one line, as JSON. */
const maxJsonLength = 8_192;
const maxTextLength = 1_000;
const maxFields = 32;
const maxDropped = 1_000_000;
const levels: ReadonlySet<string> = new Set<LineLevel>(["info", "warn", "error"]);
/** A worker's clock may be wrong; a line that comes from farther away has the time at which it came. */
const maxAgeMs = 24 * 3_600_000;
const maxAheadMs = 60_000;

/** Lines as a worker has sent them, made safe to keep and to show: printable, of limited size, without paths. */
export function logLinesFromWire(
  { lines, dropped }: WireLogLinesRead,
  wallMs: number,
): { readonly lines: readonly KeptLine[]; readonly dropped: number } {
  const read = lines.slice(0, maxLines).flatMap((line) => {
    const { level, words, fieldsJson } = line;
    if (!isLevel(level)) return [];
    const atMs = line.atMs > wallMs - maxAgeMs && line.atMs < wallMs + maxAheadMs ? line.atMs : wallMs;
    return [keptLine({ atMs, level, words: clean(words), fields: fieldsOf(fieldsJson) })];
  });
  return { lines: read, dropped: Math.min(dropped, maxDropped) + lines.length - read.length };
}

function isLevel(level: string): level is LineLevel {
  return levels.has(level);
}

function fieldsOf(json: string): LogFields {
  if (json.length > maxJsonLength) return { unread: "the fields were too long" };
  let read: unknown;
  try {
    read = JSON.parse(json);
  } catch {
    return {};
  }
  if (typeof read !== "object" || read === null || Array.isArray(read)) return {};
  const fields = Object.entries(read).slice(0, maxFields);
  return Object.fromEntries(fields.map(([name, value]) => [printableName(name, 64), plain(value)]));
}

/** Workers send plain values; of what is deeper nothing is made. */
function plain(value: unknown): unknown {
  if (typeof value === "string") return clean(value);
  return typeof value === "object" && value !== null ? "..." : value;
}

function clean(text: string): string {
  // Cut first, for whoever sends megabytes: what goes may make room for some more.
  return printableName(withoutPaths(text.slice(0, 2 * maxTextLength)), maxTextLength);
}
