import { randomUUID } from "node:crypto";
import { mkdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";

const idPattern = /^wrk-[0-9a-f-]{36}$/;

/**
 * The id of the worker called `name` on this machine: made once and kept under `directory`, so that a worker that was
 * restarted is known again.
 */
export async function readWorkerId(directory: string, name: string): Promise<string> {
  const folder = join(directory, "workers", name);
  const file = join(folder, "id");
  try {
    const kept = (await readFile(file, "utf8")).trim();
    if (idPattern.test(kept)) return kept;
  } catch {
    // Not there yet.
  }
  const id = `wrk-${randomUUID()}`;
  await mkdir(folder, { recursive: true, mode: 0o700 });
  await writeFile(file, `${id}\n`, { mode: 0o600 });
  return id;
}
