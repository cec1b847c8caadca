import { type ChildProcess, execFile } from "node:child_process";
import type { Env } from "@muster/base";
import { childEnvironment } from "../common/child-environment.ts";
import { hostEnvironment } from "../common/config.ts";

const timeoutMs = 5_000;
/** A driver that hangs holds its tool in the kernel, where no signal reaches it: it is left behind then. */
const killedMs = 1_000;
const maxOutputBytes = 256 * 1024;

/** What a command prints; undefined where it is missing, fails or hangs. */
export function runTool(
  command: string,
  args: readonly string[],
  env: Env = childEnvironment(hostEnvironment),
  limitMs = timeoutMs,
): Promise<string | undefined> {
  return new Promise((resolve) => {
    let child: ChildProcess | undefined;
    const stuck = setTimeout(() => {
      child?.unref();
      resolve(undefined);
    }, limitMs + killedMs);
    const settle = (text: string | undefined) => {
      clearTimeout(stuck);
      resolve(text);
    };
    const options = {
      timeout: limitMs,
      killSignal: "SIGKILL",
      maxBuffer: maxOutputBytes,
      windowsHide: true,
      env,
    } as const;
    try {
      child = execFile(command, [...args], options, (error, stdout) =>
        settle(error === null ? stdout : undefined),
      );
    } catch {
      // Out of processes or memory.
      settle(undefined);
    }
  });
}
