import { randomUUID } from "node:crypto";
import { readFile, rename, rm, writeFile } from "node:fs/promises";

/** When a file was used, and by whom; kept beside it as JSON. */
export interface UseNote {
  readonly lastUsedMs: number;
  readonly isPinned: boolean;
  /** The process that has it in use; undefined: none that has said so. */
  readonly holder: string | undefined;
}

export function useNotePath(path: string): string {
  return `${path}.use.json`;
}

/** Undefined where there is none that makes sense. */
export async function readUseNote(path: string): Promise<UseNote | undefined> {
  try {
    const value: unknown = JSON.parse(await readFile(useNotePath(path), "utf8"));
    if (typeof value !== "object" || value === null) return undefined;
    const { lastUsedMs, isPinned, holder } = value as { [K in keyof UseNote]: unknown };
    if (typeof lastUsedMs !== "number" || !Number.isFinite(lastUsedMs)) return undefined;
    return {
      lastUsedMs,
      isPinned: isPinned === true,
      holder: typeof holder === "string" ? holder : undefined,
    };
  } catch {
    return undefined;
  }
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
