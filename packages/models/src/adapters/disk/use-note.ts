import { randomUUID } from "node:crypto";
import { readFile, rename, rm, writeFile } from "node:fs/promises";
import { openFlags } from "@muster/base";

/** When a file was used, and by whom; kept beside it as JSON. */
export interface UseNote {
  readonly lastUsedMs: number;
  readonly isPinned: boolean;
  /** The processes that had it in use lately, and when each said so last. */
  readonly holders: Readonly<Record<string, number>>;
}

export function useNotePath(path: string): string {
  return `${path}.use.json`;
}

/** Undefined where there is none that makes sense. */
export async function readUseNote(path: string): Promise<UseNote | undefined> {
  try {
    const value: unknown = JSON.parse(
      await readFile(useNotePath(path), { encoding: "utf8", flag: openFlags.read }),
    );
    if (typeof value !== "object" || value === null) return undefined;
    const { lastUsedMs, isPinned, holders } = value as { [K in keyof UseNote]: unknown };
    if (typeof lastUsedMs !== "number" || !Number.isFinite(lastUsedMs)) return undefined;
    return {
      lastUsedMs,
      isPinned: isPinned === true,
      holders: timesOf(holders),
    };
  } catch {
    return undefined;
  }
}

function timesOf(value: unknown): Readonly<Record<string, number>> {
  if (typeof value !== "object" || value === null) return {};
  const times = Object.entries(value).filter(
    (entry): entry is [string, number] => typeof entry[1] === "number",
  );
  return Object.fromEntries(times);
}

export async function writeUseNote(path: string, note: UseNote): Promise<void> {
  const temporary = `${useNotePath(path)}.${randomUUID()}`;
  try {
    await writeFile(temporary, JSON.stringify(note), { mode: 0o600 });
    await rename(temporary, useNotePath(path));
  } finally {
    await rm(temporary, { force: true });
  }
}
