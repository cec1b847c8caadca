import type { Log, LogFields } from "./log.ts";

export const logLevels = ["debug", "info", "warn", "error"] as const;
export type LineLevel = (typeof logLevels)[number];

export type LogValue = string | number | boolean | null;

/** A line of a log as it is kept and sent: of limited size, and plain. */
export interface KeptLine {
  /** Unix milliseconds. */
  readonly atMs: number;
  readonly level: LineLevel;
  readonly words: string;
  readonly fields: Readonly<Record<string, LogValue>>;
}

const maxWordsLength = 200;
const maxFields = 32;
const maxNameLength = 64;
const maxTextLength = 1_000;
/** Of what is no plain value. */
const maxJsonLength = 300;
/** What a line takes beside its texts. */
const lineBytes = 100;

/** A log that also tells `sink` of each line, of every level, with the fields of its children. */
export function teeLog(
  log: Log,
  sink: (level: LineLevel, fields: LogFields, words: string) => void,
  always?: LogFields,
): Log {
  const at = (level: LineLevel) => (fields: LogFields, words: string) => {
    log[level](fields, words);
    sink(level, always === undefined ? fields : { ...always, ...fields }, words);
  };
  return {
    ...{ debug: at("debug"), info: at("info"), warn: at("warn"), error: at("error") },
    child: (fields) => teeLog(log.child(fields), sink, { ...always, ...fields }),
  };
}

/** The line without what is too much of it, in plain values: it may be kept for long. */
export function keptLine(line: Omit<KeptLine, "fields"> & { readonly fields: LogFields }): KeptLine {
  const fields: Record<string, LogValue> = {};
  let count = 0;
  for (const [name, value] of Object.entries(line.fields)) {
    if (value === undefined || name === "__proto__" || name.length > maxNameLength) continue;
    if (++count > maxFields) break;
    fields[name] = plain(value);
  }
  return { ...line, words: line.words.slice(0, maxWordsLength), fields };
}

/** About what it takes in memory. */
export function sizeOfLine({ words, fields }: KeptLine): number {
  let length = words.length;
  for (const [name, value] of Object.entries(fields))
    length += name.length + (typeof value === "string" ? value.length : 8);
  return lineBytes + 2 * length;
}

function plain(value: unknown): LogValue {
  if (typeof value === "string") return value.slice(0, maxTextLength);
  if (typeof value === "number") return Number.isFinite(value) ? value : String(value);
  if (typeof value === "boolean" || value === null) return value;
  try {
    return (JSON.stringify(value) ?? String(value)).slice(0, maxJsonLength);
  } catch {
    return "?";
  }
}
