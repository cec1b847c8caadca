import { createHash } from "node:crypto";
import { existsSync, readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { cpus } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

/** An engine that was compiled on this machine: see `build-engine.ts`. */
export interface EngineBinary {
  readonly addonPath: string;
  readonly builtAt: string;
}

/** Our own part of the build: what is compiled beside the library's sources, and how. */
export const nativeDirectory = fileURLToPath(new URL("../../../native/", import.meta.url));
const nativeFiles = ["CMakeLists.txt", "step.cpp"];
const recordName = "engine.json";
export const addonName = "llama-addon.node";

/**
 * Where a build for this processor, this version of the library and this version of our sources is kept: anything
 * else is another folder, so that no old build is ever taken for a new one.
 */
export function engineFolder(directory: string): string {
  const version = libraryVersion();
  const hash = createHash("sha256").update(`${version}\n${process.arch}\n${processor()}`);
  for (const name of nativeFiles) hash.update(readFileSync(join(nativeDirectory, name)));
  return join(directory, `${version}-${hash.digest("hex").slice(0, 16)}`);
}

/** The build that fits this machine; undefined when there is none. */
export function findEngineBinary(directory: string): EngineBinary | undefined {
  const folder = engineFolder(directory);
  const addonPath = join(folder, addonName);
  try {
    const { builtAt } = JSON.parse(readFileSync(join(folder, recordName), "utf8")) as { builtAt?: unknown };
    if (typeof builtAt === "string" && existsSync(addonPath)) return { addonPath, builtAt };
  } catch {
    // No record, or one that was cut off: as if nothing had been built.
  }
  return undefined;
}

export function recordPath(folder: string): string {
  return join(folder, recordName);
}

export function libraryDirectory(): string {
  const require = createRequire(import.meta.url);
  return dirname(dirname(require.resolve("node-llama-cpp")));
}

export function libraryVersion(): string {
  const manifest = JSON.parse(readFileSync(join(libraryDirectory(), "package.json"), "utf8"));
  return String((manifest as { version?: unknown }).version);
}

/** Native instructions run on no processor that lacks one of them. */
function processor(): string {
  try {
    const [, model = "", flags = ""] =
      /model name\s*:\s*(.*)[\s\S]*?(?:flags|Features)\s*:\s*(.*)/.exec(
        readFileSync("/proc/cpuinfo", "utf8"),
      ) ?? [];
    if (flags !== "") return `${model}\n${flags}`;
  } catch {
    // Not Linux.
  }
  return cpus()[0]?.model ?? "";
}
