import { MusterError } from "@muster/base";

/** How far somebody has read the results of a batch. */
export interface TailPosition {
  readonly gen: number;
  /** The lines from here on, of what the generation began with and of what the batch ended with. */
  readonly snapshotLine: number;
  readonly finalLine: number;
  /** Log, piece, and where in it the next record begins. */
  readonly logs: readonly (readonly [string, string, number])[];
}

export function writeCursor({ gen, snapshotLine, finalLine, logs }: TailPosition): string {
  return Buffer.from(JSON.stringify([gen, snapshotLine, finalLine, logs])).toString("base64url");
}

/** Throws `invalid_request` for what we have not written. */
export function readCursor(text: string): TailPosition {
  const value = parsed(text);
  if (!Array.isArray(value)) throw badCursor();
  const [gen, snapshotLine, finalLine, logs]: readonly unknown[] = value;
  if (!isCount(gen) || !isCount(snapshotLine) || !isCount(finalLine) || !Array.isArray(logs))
    throw badCursor();
  return { gen, snapshotLine, finalLine, logs: logs.map(readLog) };
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(Buffer.from(text, "base64url").toString("utf8"));
  } catch {
    throw badCursor();
  }
}

function readLog(value: unknown): TailPosition["logs"][number] {
  if (!Array.isArray(value)) throw badCursor();
  const [log, piece, offset]: readonly unknown[] = value;
  if (typeof log !== "string" || typeof piece !== "string" || !isCount(offset)) throw badCursor();
  return [log, piece, offset];
}

function isCount(value: unknown): value is number {
  return Number.isSafeInteger(value) && Number(value) >= 0;
}

function badCursor(): MusterError {
  return new MusterError(
    "invalid_request",
    "This cursor is not one that was given for these results. Leave it out to begin with the first line.",
    { param: "cursor" },
  );
}
