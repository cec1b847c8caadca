export type Severity = "problem" | "warning" | "note";

/** Something that somebody should look at. */
export interface Finding {
  /** Names it, with its subject: the same for as long as it is so. */
  readonly id: string;
  readonly severity: Severity;
  /** What is so, in a sentence. */
  readonly says: string;
  readonly fix: string | undefined;
  /** Unix time. */
  readonly sinceMs: number;
  /** Whose it is; undefined: everybody's. */
  readonly tenant?: string | undefined;
}

/** What a rule has found in the facts of one moment. */
export interface Found extends Omit<Finding, "sinceMs"> {
  /** Where the facts tell it; else since it was found first. */
  readonly sinceMs?: number | undefined;
  /** It counts once it has been so for this long: what passes by itself is nobody's business. */
  readonly graceMs: number;
}

/** Bytes as people read them. */
export function sizeText(bytes: number): string {
  const units = ["bytes", "KB", "MB", "GB", "TB"];
  const step = Math.min(units.length - 1, bytes < 1 ? 0 : Math.floor(Math.log(bytes) / Math.log(1_000)));
  const value = bytes / 1_000 ** step;
  return `${value >= 10 || step === 0 ? Math.round(value) : Math.round(value * 10) / 10} ${units[step]}`;
}

/** A few names, and how many more there are. */
export function namesText(names: readonly string[]): string {
  const shown = names.slice(0, 3).join(", ");
  return names.length > 3 ? `${shown} and ${names.length - 3} more` : shown;
}

/** In UTC, to the minute. */
export function timeText(ms: number): string {
  return `${new Date(ms).toISOString().slice(0, 16).replace("T", " ")} UTC`;
}
