import { execFile } from "node:child_process";
import { createHash } from "node:crypto";
import { createReadStream, existsSync } from "node:fs";
import { mkdir, mkdtemp, rename, rm } from "node:fs/promises";
import { basename, join } from "node:path";
import { pipeline } from "node:stream/promises";
import { pathToFileURL } from "node:url";
import { promisify } from "node:util";
import { type Log, MusterError } from "@muster/base";
import type { ModelDownload, ModelProgress } from "@muster/models";
import type { PackageEntries } from "../common/engine-packages/entries.ts";
import type { CudaMajor } from "./find-runtime.ts";

export interface EnginePackagesOptions {
  /** Where fetched packages are kept. */
  readonly directory: string;
  /** An npm registry: `https://registry.npmjs.org`. */
  readonly registry: string;
  /** Of node-llama-cpp: its binaries must be of the same release. */
  readonly version: string;
  readonly platform: NodeJS.Platform;
  readonly arch: string;
  /** Hashes that are known beforehand, by `name@version`. Of other packages the registry's own is taken. */
  readonly hashes: Readonly<Record<string, string>>;
  readonly download: ModelDownload;
  readonly log: Log;
}

interface Asked {
  readonly signal: AbortSignal;
  readonly onProgress: (progress: ModelProgress) => void;
}

const run = promisify(execFile);
const metadataTimeoutMs = 15_000;

/**
 * The CUDA builds of the engine are 140 to 180 MB each, and of no use on a machine without CUDA: so they are no
 * dependencies but fetched from the registry once they can be used. What came is checked against the SHA-512 that we
 * know, else the registry's, and unpacked whole or not at all; nothing in it is run here.
 * Throws MusterError `model_load_failed` (no such package for this platform, no registry, not what was announced).
 */
export async function ensureCudaPackages(
  major: CudaMajor,
  options: EnginePackagesOptions,
  asked: Asked,
): Promise<PackageEntries> {
  const system = options.platform === "win32" ? "win" : options.platform;
  const main = `@node-llama-cpp/${system}-${options.arch}-cuda`;
  // The second package adds what the first one lacks for CUDA 12.
  const names = major === 13 ? [main] : [main, `${main}-ext`];
  const entries: Record<string, string> = {};
  for (const name of names) entries[name] = await ensurePackage(name, options, asked);
  return entries;
}

async function ensurePackage(name: string, options: EnginePackagesOptions, asked: Asked): Promise<string> {
  const { directory, version } = options;
  const place = join(directory, `${basename(name)}-${version}`);
  const entry = join(place, "dist", "index.js");
  if (!existsSync(entry)) {
    await mkdir(directory, { recursive: true });
    await fetchPackage(name, place, options, asked);
  }
  if (!existsSync(entry))
    throw new MusterError("model_load_failed", `The package ${name}@${version} has no dist/index.js.`);
  return pathToFileURL(entry).href;
}

async function fetchPackage(
  name: string,
  place: string,
  { directory, registry, version, hashes, download, log }: EnginePackagesOptions,
  { signal, onProgress }: Asked,
): Promise<void> {
  const { tarball, integrity } = await readMetadata(
    `${registry.replace(/\/+$/, "")}/${name}/${version}`,
    signal,
  );
  log.info({ package: name, version }, "fetching the engine's CUDA build");
  const archive = `${place}.tgz`;
  await download.fetch({
    url: tarball,
    target: archive,
    token: undefined,
    sha256: undefined,
    bytes: undefined,
    signal,
    onProgress,
    inspect: (path) =>
      checkIntegrity(path, { known: hashes[`${name}@${version}`], announced: integrity }, name),
  });
  const unpacked = await mkdtemp(join(directory, ".unpack-"));
  try {
    // Part of every Linux, macOS and Windows 10 or newer.
    await run("tar", ["-xzf", archive, "-C", unpacked, "--strip-components", "1"]);
    await rename(unpacked, place).catch((error: unknown) => {
      // Another worker of this machine was faster.
      if (!existsSync(place)) throw error;
    });
  } catch (error) {
    throw new MusterError("model_load_failed", `${archive} cannot be unpacked: ${String(error)}`, {
      cause: error,
    });
  } finally {
    await rm(unpacked, { recursive: true, force: true });
    await rm(archive, { force: true });
  }
}

async function readMetadata(
  url: string,
  signal: AbortSignal,
): Promise<{ readonly tarball: string; readonly integrity: string }> {
  const asked = AbortSignal.any([signal, AbortSignal.timeout(metadataTimeoutMs)]);
  try {
    const response = await fetch(url, { signal: asked });
    if (!response.ok) throw new Error(`HTTP ${response.status}`);
    const { dist } = (await response.json()) as { dist?: { tarball?: unknown; integrity?: unknown } };
    const { tarball, integrity } = dist ?? {};
    if (typeof tarball !== "string" || typeof integrity !== "string" || !integrity.startsWith("sha512-"))
      throw new Error("it names no archive with a SHA-512");
    return { tarball, integrity };
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw new MusterError("model_load_failed", `${url} cannot be read: ${reason}`, { cause: error });
  }
}

async function checkIntegrity(
  path: string,
  { known, announced }: { readonly known: string | undefined; readonly announced: string },
  name: string,
): Promise<void> {
  const hash = createHash("sha512");
  await pipeline(createReadStream(path), hash);
  if (`sha512-${hash.digest("base64")}` === (known ?? announced)) return;
  const whose =
    known === undefined ? "the registry announced" : "Muster was released with (its hash is another)";
  throw new MusterError("model_load_failed", `The archive of ${name} is not what ${whose}.`);
}
