// The dashboard's build: packages/dashboard/site.
import { createHash } from "node:crypto";
import { existsSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { root, runOrFail } from "./command.mjs";

const folder = join(root, "packages/dashboard");
const site = join(folder, "site");
/** Says of which sources the build is. The server gives out the page and its assets, and not this. */
const mark = join(site, ".built-from");
const sources = ["src", "index.html", "package.json", "vite.config.ts"];

/** Builds the dashboard where its sources have changed, or in any case (`always`). Resolves with whether it did. */
export async function ensureSite({ always = false } = {}) {
  const digest = digestOfSources();
  const isCurrent = existsSync(mark) && readFileSync(mark, "utf8") === digest;
  if (isCurrent && !always) return false;
  await runOrFail(process.execPath, ["node_modules/vite/bin/vite.js", "build", "--logLevel", "warn"], {
    cwd: folder,
    advice: "Correct the sources that it names (a fresh checkout builds as it is).",
  });
  writeFileSync(mark, digest);
  return true;
}

/** Each file of the build: its name, and how many bytes it takes on the way. */
export function builtFiles() {
  return readdirSync(site, { recursive: true })
    .filter((name) => existsSync(join(site, `${name}.gz`)))
    .map((name) => ({ name, gzipBytes: readFileSync(join(site, `${name}.gz`)).length }));
}

function digestOfSources() {
  const hash = createHash("sha256");
  for (const source of sources)
    for (const file of filesOf(source)) hash.update(`${file}\0`).update(readFileSync(join(folder, file)));
  return hash.digest("hex");
}

function filesOf(source) {
  if (source !== "src") return [source];
  return readdirSync(join(folder, source), { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name).slice(folder.length + 1))
    .sort();
}
