import { cp, mkdir, mkdtemp, readdir, rename, rm, writeFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { availableParallelism } from "node:os";
import { dirname, join } from "node:path";
import { type Log, MusterError } from "@muster/base";
import {
  addonName,
  type EngineBinary,
  engineFolder,
  findEngineBinary,
  libraryDirectory,
  nativeDirectory,
  recordPath,
} from "./engine-binary.ts";
import { canRun, runTool } from "./run-tool.ts";

export interface BuildEngineOptions {
  /** Where builds are kept, one folder for each. */
  readonly directory: string;
  readonly log: Log;
  /** Gets what is being done, and how far it is: from 0 to 1. */
  readonly onProgress: (step: string, fraction: number) => void;
  readonly signal: AbortSignal;
  /** ISO time. */
  readonly now: string;
}

const tools = [
  { names: ["cmake"], debian: "cmake" },
  { names: ["git"], debian: "git" },
  { names: ["c++", "g++", "clang++"], debian: "g++" },
  { names: ["make", "ninja"], debian: "make" },
] as const;

/** What has to be installed before the engine can be built, by the names of Debian's packages; empty: nothing. */
export async function missingBuildTools(): Promise<string[]> {
  const missing: string[] = [];
  for (const { names, debian } of tools) {
    const found = await Promise.all(names.map((name) => canRun(name)));
    if (!found.includes(true)) missing.push(debian);
  }
  return missing;
}

/**
 * Compiles llama.cpp and the library's addon, from the sources inside the library's package, for this machine's
 * processor, and keeps the result where `findEngineBinary` looks for it. Needs no network.
 * Throws MusterError `unsupported` when a tool is missing, `model_load_failed` when it cannot be compiled or loaded.
 */
export async function buildEngine(options: BuildEngineOptions): Promise<EngineBinary> {
  if (process.platform === "win32") {
    throw new MusterError("unsupported", "The engine can be compiled on Linux and macOS only.");
  }
  const missing = await missingBuildTools();
  if (missing.length > 0) {
    throw new MusterError(
      "unsupported",
      `To compile the engine, ${missing.join(", ")} must be installed first. On Debian or Ubuntu: sudo apt install ${missing.join(" ")}`,
    );
  }
  await mkdir(options.directory, { recursive: true });
  const work = await mkdtemp(join(options.directory, "building-"));
  try {
    options.onProgress("unpacking the sources", 0);
    await unpackSources(join(work, "sources"), options);
    const addon = await compile(work, options);
    options.onProgress("trying the result", 1);
    await verify(addon, options);
    await keep(addon, options);
  } finally {
    await rm(work, { recursive: true, force: true });
  }
  const binary = findEngineBinary(options.directory);
  if (binary === undefined) {
    throw new MusterError(
      "model_load_failed",
      `The engine was compiled, and is not in ${options.directory}.`,
    );
  }
  options.log.info({ addonPath: binary.addonPath }, "engine compiled");
  return binary;
}

/** The addon's sources as they are, and llama.cpp with the library's own patches. */
async function unpackSources(sources: string, { signal }: BuildEngineOptions): Promise<void> {
  const library = join(libraryDirectory(), "llama");
  const llamaCpp = join(sources, "llama.cpp");
  await mkdir(sources);
  await cp(join(library, "addon"), join(sources, "addon"), { recursive: true });
  await runTool("git", ["clone", "--quiet", join(library, "gitRelease.bundle"), llamaCpp], { signal });
  const patches = join(library, "patches");
  for (const name of (await readdir(patches)).sort()) {
    const apply = ["-C", llamaCpp, "apply", "--ignore-whitespace"];
    const patch = join(patches, name);
    const isApplied = await canRun("git", [...apply, "--reverse", "--check", patch]);
    if (!isApplied) await runTool("git", [...apply, patch], { signal });
  }
}

async function compile(work: string, { signal, onProgress }: BuildEngineOptions): Promise<string> {
  const build = join(work, "build");
  const headers = headerDirectories();
  onProgress("configuring", 0);
  await runTool(
    "cmake",
    [
      ...["-S", nativeDirectory, "-B", build, "-DCMAKE_BUILD_TYPE=Release"],
      `-DSOURCES=${join(work, "sources")}`,
      `-DNODE_API_INCLUDE=${headers.nodeApi}`,
      `-DNODE_ADDON_API=${headers.addonApi}`,
    ],
    { signal },
  );
  await runTool(
    "cmake",
    ["--build", build, "--target", "llama-addon", "--parallel", String(availableParallelism())],
    {
      signal,
      onLine(line) {
        const fraction = progressOf(line);
        if (fraction !== undefined) onProgress("compiling", fraction);
      },
    },
  );
  return join(build, "out", addonName);
}

/** What make (`[ 45%]`) or ninja (`[45/148]`) tell at the beginning of a line. */
export function progressOf(line: string): number | undefined {
  const [, percent, done, all] = /^\[\s*(?:(\d+)%|(\d+)\/(\d+))\]/.exec(line) ?? [];
  if (percent !== undefined) return Number(percent) / 100;
  return done === undefined ? undefined : Number(done) / Number(all);
}

/** Node's headers for addons come with the library's dependencies. */
function headerDirectories(): { readonly nodeApi: string; readonly addonApi: string } {
  const library = createRequire(join(libraryDirectory(), "package.json"));
  const cmakeJs = createRequire(library.resolve("cmake-js/package.json"));
  return {
    nodeApi: join(dirname(cmakeJs.resolve("node-api-headers/package.json")), "include"),
    addonApi: dirname(library.resolve("node-addon-api/package.json")),
  };
}

/** In a process of its own: what this compiler made may crash. */
async function verify(addon: string, { signal }: BuildEngineOptions): Promise<void> {
  const script = `
    const addon = require(${JSON.stringify(addon)});
    if (typeof addon.musterStep !== "function") throw new Error("it lacks musterStep");
    addon.systemInfo();`;
  await runTool(process.execPath, ["-e", script], { signal });
}

async function keep(addon: string, { directory, now }: BuildEngineOptions): Promise<void> {
  const folder = engineFolder(directory);
  await mkdir(folder, { recursive: true });
  // Replaced and not written over: a running engine has the old file in its memory.
  await rename(addon, join(folder, addonName));
  const record = recordPath(folder);
  await writeFile(`${record}.new`, `${JSON.stringify({ builtAt: now })}\n`);
  await rename(`${record}.new`, record);
}
