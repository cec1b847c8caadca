import { existsSync } from "node:fs";
import { fileURLToPath, pathToFileURL } from "node:url";

/** Names of packages to the URLs of the files that an import of them gives. */
export type PackageEntries = Readonly<Record<string, string>>;

/** How an engine's process is told of packages that were fetched for it: `PackageEntries` as JSON. */
export const packagesVariable = "MUSTER_ENGINE_PACKAGES";

/** What a forked process needs to find packages that are not installed. Nothing where there are none. */
export function forkOptionsFor(entries: PackageEntries): {
  readonly execArgv: readonly string[];
  readonly env: Readonly<Record<string, string>>;
} {
  if (Object.keys(entries).length === 0) return { execArgv: [], env: {} };
  return {
    execArgv: ["--import", pathToFileURL(registerFile()).href],
    env: { [packagesVariable]: JSON.stringify(entries) },
  };
}

/** The built file: from the sources (under test) the build is used, since Node 20 cannot run TypeScript. */
function registerFile(): string {
  const beside = fileURLToPath(new URL("./register.js", import.meta.url));
  if (existsSync(beside)) return beside;
  return fileURLToPath(
    new URL("../../../../dist/adapters/common/engine-packages/register.js", import.meta.url),
  );
}
