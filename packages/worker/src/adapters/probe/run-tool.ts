import { execFile } from "node:child_process";
import { promisify } from "node:util";
import type { Env } from "@muster/base";
import { childEnvironment } from "../common/child-environment.ts";
import { hostEnvironment } from "../common/config.ts";

const run = promisify(execFile);
const timeoutMs = 5_000;
const maxOutputBytes = 256 * 1024;

/** What a command prints; undefined where it is missing, fails or hangs. */
export async function runTool(
  command: string,
  args: readonly string[],
  env: Env = childEnvironment(hostEnvironment),
): Promise<string | undefined> {
  const options = { timeout: timeoutMs, maxBuffer: maxOutputBytes, windowsHide: true, env };
  return await run(command, [...args], options).then(
    ({ stdout }) => stdout,
    () => undefined,
  );
}
