import { randomUUID } from "node:crypto";
import { mkdir, readFile, writeFile } from "node:fs/promises";
import { pathInside, requireUnlinked } from "@muster/base";

const idPattern = /^wrk-[0-9a-f-]{36}$/;

const place = "the data directory";

/** What the worker called `name` keeps. Throws MusterError `invalid_request` for what is no plain name. */
export function workerFolder(directory: string, name: string): string {
  return pathInside(directory, ["workers", name], { place, param: "--name" });
}

/**
 * The id of the worker called `name` on this machine: made once and kept under `directory`, so that a worker that was
 * restarted is known again.
 */
export async function readWorkerId(directory: string, name: string): Promise<string> {
  const folder = workerFolder(directory, name);
  const file = pathInside(folder, ["id"], { place });
  await requireUnlinked(directory, file, place);
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
