import { randomUUID } from "node:crypto";
import { readFile, rename, rm, stat, writeFile } from "node:fs/promises";
import { openFlags } from "@muster/base";
import { hashFile } from "../common/hash-file.ts";

/** What is known about a file of the store; kept beside it as JSON. */
export interface Manifest {
  /** The URI it was fetched for, as `formatModelUri` writes it. */
  readonly source: string;
  readonly sha256: string;
  readonly bytes: number;
  readonly modifiedMs: number;
  /** The commit of the hub's repository, where there is one. */
  readonly commit?: string | undefined;
}

/** `changed`: there is a file, but not the one that the manifest describes; or it describes none. */
export type FileState =
  | { readonly kind: "whole"; readonly manifest: Manifest }
  | { readonly kind: "missing" | "changed" };

export function manifestPath(path: string): string {
  return `${path}.json`;
}

/**
 * Compares a file with its manifest: by size and time, and only where these differ by hash (a file that was copied or
 * touched is still the same; its manifest then learns the new time).
 */
export async function checkFile(path: string, source: string, signal: AbortSignal): Promise<FileState> {
  const found = await stat(path).catch(() => undefined);
  if (found === undefined) return { kind: "missing" };
  const manifest = await readManifest(path);
  if (manifest === undefined || manifest.source !== source || manifest.bytes !== found.size)
    return { kind: "changed" };
  if (manifest.modifiedMs === found.mtimeMs) return { kind: "whole", manifest };
  if ((await hashFile(path, signal))?.sha256 !== manifest.sha256) return { kind: "changed" };
  return { kind: "whole", manifest: await writeManifest(path, manifest) };
}

/** Writes the manifest of the file at `path`, with the size and time that it has now. */
export async function writeManifest(
  path: string,
  known: Pick<Manifest, "source" | "sha256" | "commit">,
): Promise<Manifest> {
  const { source, sha256, commit } = known;
  const { size, mtimeMs } = await stat(path);
  const manifest: Manifest = { source, sha256, bytes: size, modifiedMs: mtimeMs, commit };
  const temporary = `${manifestPath(path)}.${randomUUID()}`;
  try {
    await writeFile(temporary, `${JSON.stringify(manifest, null, 2)}\n`, { mode: 0o600 });
    await rename(temporary, manifestPath(path));
  } finally {
    await rm(temporary, { force: true });
  }
  return manifest;
}

export async function readManifest(path: string): Promise<Manifest | undefined> {
  try {
    const value: unknown = JSON.parse(
      await readFile(manifestPath(path), { encoding: "utf8", flag: openFlags.read }),
    );
    if (typeof value !== "object" || value === null) return undefined;
    const { source, sha256, bytes, modifiedMs, commit } = value as { [K in keyof Manifest]: unknown };
    if (typeof source !== "string" || typeof bytes !== "number" || typeof modifiedMs !== "number")
      return undefined;
    if (typeof sha256 !== "string" || !/^[0-9a-f]{64}$/.test(sha256)) return undefined;
    return { source, sha256, bytes, modifiedMs, commit: typeof commit === "string" ? commit : undefined };
  } catch {
    return undefined;
  }
}
