import { execFile } from "node:child_process";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

const root = fileURLToPath(new URL("../..", import.meta.url));

export interface ToolRun {
  readonly code: number;
  /** stdout and stderr, one after the other. */
  readonly output: string;
}

/** Runs one of the repository's tools to its end: `tool` is its file's name in tools/. */
export function runTool(
  tool: string,
  args: readonly string[] = [],
  { cwd = root, env = {} }: { cwd?: string; env?: Record<string, string> } = {},
): Promise<ToolRun> {
  return new Promise((resolve) => {
    execFile(
      process.execPath,
      [join(root, "tools", tool), ...args],
      { cwd, env: { ...process.env, ...env } },
      (error, stdout, stderr) => {
        const code = error === null ? 0 : typeof error.code === "number" ? error.code : 1;
        resolve({ code, output: stdout + stderr });
      },
    );
  });
}
