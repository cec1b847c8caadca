import { readdir, stat } from "node:fs/promises";
import { join } from "node:path";
import { type Manifest, manifestPath, readManifest } from "./manifest.ts";

/** Files that a model directory is looked through for; what is beyond is not counted. */
const maxFiles = 20_000;

export interface FoundModel {
  readonly path: string;
  readonly manifest: Manifest;
  readonly modifiedMs: number;
}

/** Bytes that wait for the rest of a file. */
export interface FoundPart {
  readonly target: string;
  readonly bytes: number;
  readonly modifiedMs: number;
  /** When somebody who was at it said so last; undefined: nobody is. */
  readonly lockedMs: number | undefined;
}

/** What is ours under a model directory: files with a manifest that fits, and unfinished ones. Links are not followed. */
export async function scanModels(
  directory: string,
): Promise<{ readonly models: readonly FoundModel[]; readonly parts: readonly FoundPart[] }> {
  const paths = await filesUnder(directory);
  const known = new Set(paths);
  const models: FoundModel[] = [];
  const parts: FoundPart[] = [];
  for (const path of paths) {
    if (/\.gguf$/i.test(path) && known.has(manifestPath(path))) {
      const [manifest, found] = [await readManifest(path), await stat(path).catch(() => undefined)];
      if (manifest !== undefined && found !== undefined && found.size === manifest.bytes)
        models.push({ path, manifest, modifiedMs: found.mtimeMs });
    } else if (/\.gguf\.part$/i.test(path)) {
      const target = path.slice(0, -".part".length);
      const found = await stat(path).catch(() => undefined);
      if (found !== undefined) {
        const lock = `${target}.lock`;
        const locked = known.has(lock) ? await stat(lock).catch(() => undefined) : undefined;
        parts.push({ target, bytes: found.size, modifiedMs: found.mtimeMs, lockedMs: locked?.mtimeMs });
      }
    }
  }
  return { models, parts };
}

async function filesUnder(directory: string): Promise<string[]> {
  const entries = await readdir(directory, { recursive: true, withFileTypes: true }).catch(() => []);
  return entries
    .filter((entry) => entry.isFile())
    .slice(0, maxFiles)
    .map((entry) => join(entry.parentPath, entry.name));
}
