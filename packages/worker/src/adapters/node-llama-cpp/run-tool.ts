import { spawn } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";
import { MusterError } from "@muster/base";

const keptLines = 20;

/** Runs a program to its end. Throws MusterError `model_load_failed` with its last lines when it fails. */
export async function runTool(
  program: string,
  args: readonly string[],
  options: { readonly signal: AbortSignal; readonly onLine?: (line: string) => void },
): Promise<void> {
  const child = spawn(program, args, { stdio: ["ignore", "pipe", "pipe"], signal: options.signal });
  const lines: string[] = [];
  const keep = (line: string) => {
    lines.push(line);
    if (lines.length > keptLines) lines.shift();
    options.onLine?.(line);
  };
  createInterface({ input: child.stdout }).on("line", keep);
  createInterface({ input: child.stderr }).on("line", keep);
  const [code, signal] = (await once(child, "close").catch((error: unknown) => {
    if (options.signal.aborted) throw new MusterError("cancelled", `${program} was stopped.`);
    throw error;
  })) as [number | null, NodeJS.Signals | null];
  if (code === 0) return;
  throw new MusterError(
    "model_load_failed",
    `${program} failed (${signal ?? `exit code ${code}`}). Its last lines:\n${lines.join("\n")}`,
  );
}

/** Whether the program is there and ends well. */
export async function canRun(program: string, args: readonly string[] = ["--version"]): Promise<boolean> {
  const child = spawn(program, args, { stdio: "ignore" });
  try {
    const [code] = (await once(child, "close")) as [number | null];
    return code === 0;
  } catch {
    return false;
  }
}
