import { mkdir, readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";

/** The orchestrator that a person has agreed to join from this machine. */
export interface Joined {
  /** `host:port`. */
  readonly address: string;
  readonly name: string;
  /** ISO 8601. */
  readonly agreedAt: string;
}

const fileIn = (directory: string) => join(directory, "joined.json");
const addressPattern = /^(\[[0-9a-fA-F:]+\]|[^\s:/]+):\d{1,5}$/;

/** Undefined where nobody has agreed to any, or the file is not one of ours. */
export async function readJoined(directory: string): Promise<Joined | undefined> {
  try {
    const value = JSON.parse(await readFile(fileIn(directory), "utf8")) as Partial<Joined> | null;
    const { address, name, agreedAt } = value ?? {};
    if (typeof address !== "string" || !addressPattern.test(address)) return undefined;
    return { address, name: String(name ?? address), agreedAt: String(agreedAt ?? "") };
  } catch {
    return undefined;
  }
}

export async function rememberJoined(directory: string, joined: Joined): Promise<void> {
  await mkdir(directory, { recursive: true, mode: 0o700 });
  await writeFile(fileIn(directory), `${JSON.stringify(joined)}\n`, { mode: 0o600 });
}

/** Without effect where there is none. */
export async function forgetJoined(directory: string): Promise<void> {
  await rm(fileIn(directory), { force: true });
}
