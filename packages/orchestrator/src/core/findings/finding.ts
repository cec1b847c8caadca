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
}
