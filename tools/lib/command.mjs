// Running other programs: what the tools share.
import { spawn } from "node:child_process";
import { existsSync } from "node:fs";
import { delimiter, join } from "node:path";
import { fileURLToPath } from "node:url";

/** The repository's root folder, without a slash at its end. */
export const root = fileURLToPath(new URL("../..", import.meta.url)).replace(/[\\/]$/, "");

/** A failure that the tools print without a stack: what went wrong and what to do. */
export class ToolError extends Error {}

/**
 * Runs a program and resolves with { code, output }, stdout and stderr together; code 127 when it is not installed.
 * With `show`, the output goes to the terminal at once and `output` is empty. It never gets our standard input. After
 * `timeLimitMs` it is killed.
 */
export function run(program, args, { cwd = root, env = {}, show = false, timeLimitMs } = {}) {
  return new Promise((resolve) => {
    const child = spawn(program, args, {
      cwd,
      env: { ...process.env, ...env },
      timeout: timeLimitMs,
      killSignal: "SIGKILL",
      stdio: show ? ["ignore", "inherit", "inherit"] : ["ignore", "pipe", "pipe"],
    });
    let output = "";
    const keep = (chunk) => {
      output += chunk;
    };
    child.stdout?.setEncoding("utf8").on("data", keep);
    child.stderr?.setEncoding("utf8").on("data", keep);
    child.on("error", (error) => resolve({ code: error.code === "ENOENT" ? 127 : 1, output: error.message }));
    child.on("close", (code, signal) =>
      resolve({ code: code ?? 1, output: signal ? `${output}\n(${signal})` : output }),
    );
  });
}

/** As `run`, and throws a ToolError with the output's end and `advice` where the program fails. */
export async function runOrFail(program, args, { advice, ...options }) {
  const { code, output } = await run(program, args, options);
  if (code !== 0)
    throw new ToolError(`${[program, ...args].join(" ")} failed (${code}):\n${lastLines(output)}\n${advice}`);
  return output;
}

/** The last 30 lines of an output, indented. */
function lastLines(output, count = 30) {
  return output
    .trimEnd()
    .split("\n")
    .slice(-count)
    .map((line) => `    ${line}`)
    .join("\n");
}

/** The first of `names` in PATH or in one of `furtherFolders`, as a path; undefined where there is none. */
export function findProgram(names, furtherFolders = []) {
  const folders = [...(process.env.PATH ?? "").split(delimiter), ...furtherFolders].filter(
    (folder) => folder !== "",
  );
  const endings = process.platform === "win32" ? [".cmd", ".exe"] : [""];
  for (const name of names)
    for (const folder of folders)
      for (const ending of endings) {
        const file = join(folder, name + ending);
        if (existsSync(file)) return file;
      }
  return undefined;
}

/** "0.4 s" since a moment of performance.now(). */
export function secondsSince(startMs) {
  return `${((performance.now() - startMs) / 1000).toFixed(1)} s`;
}

/** Runs a tool's main function; prints a ToolError without its stack (on stdout, so that the order holds). */
export async function runTool(main) {
  try {
    await main();
  } catch (error) {
    console.log(error instanceof ToolError ? `\n✗ ${error.message}` : error);
    process.exitCode = 1;
  }
}
