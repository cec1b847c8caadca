// Tools that come from npm besides the workspace's packages: each version and hash is in tools/pinned/<name>.
import { copyFileSync, existsSync, mkdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { findProgram, root, runOrFail } from "./command.mjs";

export const networkAdvice =
  "Is the npm registry reachable (proxy, `npm config get registry`)? Then run it again.";

/**
 * The folder of node_modules that holds exactly what tools/pinned/<name>/package-lock.json names, under .tools. npm
 * compares every archive with its hash there, and no install script runs. `probe` is a path in it that must exist.
 */
export async function ensurePinned(name, probe) {
  const from = join(root, "tools/pinned", name);
  const to = join(root, ".tools", name);
  const modules = join(to, "node_modules");
  const isCurrent =
    existsSync(join(modules, probe)) &&
    readFileSync(join(to, "package-lock.json"), "utf8") ===
      readFileSync(join(from, "package-lock.json"), "utf8");
  if (isCurrent) return { modules, isNew: false };
  mkdirSync(to, { recursive: true });
  for (const file of ["package.json", "package-lock.json"]) copyFileSync(join(from, file), join(to, file));
  const npm = findProgram(["npm"]) ?? "npm";
  await runOrFail(npm, ["ci", "--ignore-scripts", "--no-audit", "--no-fund"], {
    cwd: to,
    advice: networkAdvice,
  });
  return { modules, isNew: true };
}
