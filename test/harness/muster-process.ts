import { type ChildProcess, spawn } from "node:child_process";
import { fileURLToPath } from "node:url";
import { endProcess } from "./cluster.ts";

const main = fileURLToPath(new URL("../../packages/cli/dist/main.js", import.meta.url));
/** Set to a level, everything is logged to our standard error as well: for whoever looks for a failure. */
const logLevel = process.env["MUSTER_LOG"];
/** Of what a process writes to its standard error, for whoever asks why it ended. */
const keptCharacters = 8_192;

/** The `muster` command as a process that can be hurt, and started again with the same arguments. */
export interface MusterProcess {
  readonly name: string;
  readonly pid: number | undefined;
  /** Resolves when it has printed what it is `ready` by; throws with its last words where it ends before. */
  start(): Promise<RegExpExecArray>;
  kill(signal?: NodeJS.Signals): Promise<void>;
  freeze(): void;
  thaw(): void;
  /** How it ended though nobody killed it. */
  accident(): string | undefined;
}

export interface MusterProcessOptions {
  readonly name: string;
  readonly args: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
  /** In its standard output, when it is ready. */
  readonly ready: RegExp;
}

export function createMusterProcess({ name, args, env = {}, ready }: MusterProcessOptions): MusterProcess {
  let child: ChildProcess | undefined;
  let isMeant = false;
  let accident: string | undefined;

  const start = () => {
    isMeant = false;
    // It ends with us: its end of the channel closes.
    const started = spawn(process.execPath, [main, ...args], {
      env: { ...process.env, MUSTER_LOG: logLevel ?? "error", ...env },
      stdio: ["ignore", "pipe", "pipe", "ipc"],
    });
    child = started;
    let output = "";
    let words = "";
    started.stderr?.on("data", (chunk: Buffer) => {
      words = (words + chunk.toString("utf8")).slice(-keptCharacters);
      if (logLevel !== undefined) process.stderr.write(chunk);
    });
    return new Promise<RegExpExecArray>((resolve, reject) => {
      started.stdout?.on("data", (chunk: Buffer) => {
        output = (output + chunk.toString("utf8")).slice(-keptCharacters);
        const found = ready.exec(output);
        if (found !== null) resolve(found);
      });
      started.once("exit", (code, signal) => {
        const account = `${name} ended (${code ?? signal}): ${words.trim()}`;
        if (!isMeant) accident = account;
        reject(new Error(account));
      });
    });
  };
  return {
    name,
    get pid() {
      return child?.pid;
    },
    start,
    async kill(signal = "SIGKILL") {
      isMeant = true;
      // A frozen process takes no signal but this one.
      if (child !== undefined) await endProcess(child, signal);
    },
    freeze: () => child?.kill("SIGSTOP"),
    thaw: () => child?.kill("SIGCONT"),
    accident: () => accident,
  };
}
