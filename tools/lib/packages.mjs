// pnpm and the npm packages.
import { createHash } from "node:crypto";
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { findProgram, root, run, runOrFail } from "./command.mjs";

const stampFile = join(root, "node_modules/.muster-setup.json");
/** pnpm must neither ask nor fetch another version of itself. */
const pnpmEnv = {
  npm_config_manage_package_manager_versions: "false",
  COREPACK_ENABLE_STRICT: "0",
  CI: "true",
};
const networkAdvice = "Is the npm registry reachable (proxy, `npm config get registry`)? Then run it again.";

/** pnpm of the major version that package.json names: { program, args, note }; fetched into .tools where PATH has none. */
export async function ensurePnpm() {
  const wanted = readJson("package.json").packageManager.replace(/^pnpm@([^+]*).*$/, "$1");
  const onPath = findProgram(["pnpm"]);
  if (onPath !== undefined) {
    const { code, output } = await run(onPath, ["--version"], { env: pnpmEnv });
    const version = output.trim();
    if (code === 0 && majorOf(version) === majorOf(wanted))
      return { program: onPath, args: [], note: `pnpm ${version} (found)` };
  }
  // Run by node itself, which needs no shell script and works on every platform.
  const own = { program: process.execPath, args: [join(root, ".tools/node_modules/pnpm/bin/pnpm.cjs")] };
  const ownPackage = ".tools/node_modules/pnpm/package.json";
  if (existsSync(join(root, ownPackage)) && majorOf(readJson(ownPackage).version) === majorOf(wanted))
    return { ...own, note: `pnpm ${readJson(ownPackage).version} (in .tools)` };
  mkdirSync(join(root, ".tools"), { recursive: true });
  const npm = findProgram(["npm"]) ?? "npm";
  await runOrFail(
    npm,
    ["install", "--prefix", ".tools", "--no-audit", "--no-fund", "--save-exact", `pnpm@${wanted}`],
    {
      advice: networkAdvice,
    },
  );
  return { ...own, note: `pnpm ${wanted} (installed in .tools)` };
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
  return [".", "test", "bench", ...packages].filter((folder) =>
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

function majorOf(version) {
  return version.split(".")[0];
}
