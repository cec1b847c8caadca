// pnpm and the npm packages.
import { createHash } from "node:crypto";
import { existsSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { findProgram, root, run, runOrFail } from "./command.mjs";
import { ensurePinned, networkAdvice } from "./pinned.mjs";

const stampFile = join(root, "node_modules/.muster-setup.json");
/** pnpm must neither ask nor fetch another version of itself. */
export const pnpmEnv = {
  npm_config_manage_package_manager_versions: "false",
  COREPACK_ENABLE_STRICT: "0",
  CI: "true",
};

/** The pnpm that package.json names, to the last digit: { program, args, note }; fetched into .tools where PATH has another. */
export async function ensurePnpm() {
  const wanted = readJson("package.json").packageManager.replace(/^pnpm@([^+]*).*$/, "$1");
  const onPath = findProgram(["pnpm"]);
  if (onPath !== undefined) {
    const { code, output } = await run(onPath, ["--version"], { env: pnpmEnv });
    if (code === 0 && output.trim() === wanted)
      return { program: onPath, args: [], note: `pnpm ${wanted} (found)` };
  }
  const { modules, isNew } = await ensurePinned("pnpm", "pnpm/bin/pnpm.cjs");
  // Run by node itself, which needs no shell script and works on every platform.
  const args = [join(modules, "pnpm/bin/pnpm.cjs")];
  return { program: process.execPath, args, note: `pnpm ${wanted} (${isNew ? "installed " : ""}in .tools)` };
}

/** Installs what the lockfile names, unless that was done for the same files by the same Node; returns a note. */
export async function ensurePackages(pnpm) {
  const folders = workspaceFolders();
  const stamp = JSON.stringify({
    hash: hashOfManifests(folders),
    node: process.versions.modules,
    arch: process.arch,
  });
  if (existsSync(stampFile) && readFileSync(stampFile, "utf8") === stamp && folders.every(hasItsModules))
    return "packages (unchanged)";
  await runOrFail(
    pnpm.program,
    [...pnpm.args, "install", "--frozen-lockfile", "--config.confirmModulesPurge=false"],
    {
      env: pnpmEnv,
      advice: networkAdvice,
    },
  );
  writeFileSync(stampFile, stamp);
  return "packages (installed from pnpm-lock.yaml)";
}

function workspaceFolders() {
  const packages = readdirSync(join(root, "packages")).map((name) => `packages/${name}`);
  return [".", "test", "bench", "deploy/monitoring", ...packages].filter((folder) =>
    existsSync(join(root, folder, "package.json")),
  );
}

function hashOfManifests(folders) {
  const hash = createHash("sha256");
  for (const file of [
    "pnpm-lock.yaml",
    "pnpm-workspace.yaml",
    ".npmrc",
    ...folders.map((f) => `${f}/package.json`),
  ])
    if (existsSync(join(root, file))) hash.update(`${file}\n`).update(readFileSync(join(root, file)));
  return hash.digest("hex");
}

function hasItsModules(folder) {
  const { dependencies = {}, devDependencies = {} } = readJson(`${folder}/package.json`);
  const isLeaf = Object.keys({ ...dependencies, ...devDependencies }).length === 0;
  return isLeaf || existsSync(join(root, folder, "node_modules"));
}

function readJson(file) {
  return JSON.parse(readFileSync(join(root, file), "utf8"));
}
