// A Chromium for tests of the dashboard: found, or installed with the system's package manager.
import { existsSync } from "node:fs";
import { findProgram, ToolError } from "./command.mjs";
import { ensureProgram } from "./system-packages.mjs";

const programs = [
  ...["chromium", "chromium-browser", "google-chrome-stable", "google-chrome", "chrome"],
  ...["Google Chrome", "Chromium", "microsoft-edge-stable", "msedge"],
];
const furtherFolders = [
  "/Applications/Google Chrome.app/Contents/MacOS",
  "/Applications/Chromium.app/Contents/MacOS",
  "/opt/google/chrome",
  "/snap/bin",
  ...["ProgramFiles", "ProgramFiles(x86)", "LOCALAPPDATA"]
    .map((name) => process.env[name])
    .filter((folder) => folder !== undefined)
    .map((folder) => `${folder}\\Google\\Chrome\\Application`),
];
const packages = { "apt-get": ["chromium"], dnf: ["chromium"], apk: ["chromium"] };
const otherwise = "Or set MUSTER_CHROMIUM to the program of a Chromium or Chrome.";

/** The program of a Chromium or Chrome, of MUSTER_CHROMIUM where that is set; undefined where there is none. */
export function findChromium() {
  const named = process.env.MUSTER_CHROMIUM;
  if (!named) return findProgram(programs, furtherFolders);
  if (existsSync(named)) return named;
  throw new ToolError(`MUSTER_CHROMIUM names ${named}, which is not there. Correct it, or unset it.`);
}

/** As `findChromium`, and installs one where there is none. Throws a ToolError where that cannot be. */
export async function ensureChromium() {
  const found = findChromium();
  if (found !== undefined) return found;
  return (await ensureProgram({ name: "Chromium", programs, furtherFolders, packages, otherwise })).file;
}
