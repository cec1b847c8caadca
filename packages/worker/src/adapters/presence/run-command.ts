import { execFile } from "node:child_process";
import type { Env } from "@muster/base";

/** Standard output of a command that did well; undefined: it is missing, failed, hung or said too much. */
export type RunCommand = (command: string, args: readonly string[]) => Promise<string | undefined>;

const timeoutMs = 700;
const maxOutputBytes = 1024 * 1024;

/** Runs commands in plain English: numbers and words come as the parsers know them. */
export function createRunCommand(env: Env): RunCommand {
  const options = {
    timeout: timeoutMs,
    killSignal: "SIGKILL",
    maxBuffer: maxOutputBytes,
    windowsHide: true,
    env: { ...env, LC_ALL: "C", LANGUAGE: "C" },
  } as const;
  return (command, args) =>
    new Promise((resolve) => {
      try {
        execFile(command, [...args], options, (error, stdout) =>
          resolve(error === null ? stdout : undefined),
        );
      } catch {
        // Out of processes or memory: the next look may do better.
        resolve(undefined);
      }
    });
}
