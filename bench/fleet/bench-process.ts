import { type ChildProcess, spawn } from "node:child_process";
import { fileURLToPath } from "node:url";

const startTimeoutMs = 120_000;

/** Runs the built `main` of this folder; it ends with the bench. */
export function start(
  children: ChildProcess[],
  main: string,
  args: readonly string[],
  { flags = [] }: { readonly flags?: readonly string[] } = {},
): ChildProcess {
  const path = fileURLToPath(new URL(main, import.meta.url));
  const child = spawn(process.execPath, [...flags, path, ...args], {
    env: { ...process.env, REDIS_URL: "" },
    stdio: ["ignore", "pipe", "inherit"],
  });
  children.push(child);
  return child;
}

/** The first match in what it prints. */
export function printed(child: ChildProcess, sign: RegExp): Promise<RegExpExecArray> {
  return new Promise((resolve, reject) => {
    let text = "";
    const giveUp = setTimeout(() => reject(new Error(`a process was not ready: ${text}`)), startTimeoutMs);
    child.stdout?.on("data", (chunk: Buffer) => {
      text = (text + chunk.toString("utf8")).slice(-4_096);
      const found = sign.exec(text);
      if (found === null) return;
      clearTimeout(giveUp);
      resolve(found);
    });
    child.once("exit", () => reject(new Error(`a process did not start: ${text}`)));
  });
}

export async function end(child: ChildProcess, signal: NodeJS.Signals = "SIGTERM"): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const gone = new Promise((resolve) => child.once("exit", resolve));
  child.kill(signal);
  await gone;
}
