import { pathToFileURL } from "node:url";
import { findBuiltEntry } from "../built-entry.ts";

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
    execArgv: ["--import", pathToFileURL(findBuiltEntry("common/engine-packages", "register")).href],
    env: { [packagesVariable]: JSON.stringify(entries) },
  };
}
