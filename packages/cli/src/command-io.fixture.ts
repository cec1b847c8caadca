import { PassThrough } from "node:stream";
import { Command, CommanderError } from "commander";
import type { CommandIo } from "./command-io.ts";

export interface TestIo extends CommandIo {
  readonly stdin: PassThrough;
  exitCode(): number;
  out(): string;
  err(): string;
  /** Resolves once standard output matches, which it may already. */
  shows(text: string | RegExp): Promise<void>;
  /** Ctrl-C, as a signal. */
  interrupt(): void;
}

/** A command's surroundings for a test: what it wrote is kept, `stdin` is the test's to write. */
export function createTestIo(
  options: { readonly env?: Record<string, string>; readonly isTty?: boolean } = {},
): TestIo {
  const stdin = new PassThrough();
  const output = { out: "", err: "" };
  const waiting = new Set<() => void>();
  const interrupts = new Set<() => void>();
  let code = 0;
  const stream = (name: "out" | "err") => {
    const pass = new PassThrough();
    pass.setEncoding("utf8").on("data", (text: string) => {
      output[name] += text;
      for (const look of waiting) look();
    });
    return pass;
  };
  return {
    stdin,
    stdout: stream("out"),
    stderr: stream("err"),
    env: options.env ?? {},
    isTty: options.isTty ?? false,
    setExitCode: (given) => {
      code = given;
    },
    onInterrupt: (listener) => {
      interrupts.add(listener);
      return () => interrupts.delete(listener);
    },
    exitCode: () => code,
    out: () => output.out,
    err: () => output.err,
    shows: (text) =>
      new Promise((resolve) => {
        const look = () => {
          if (output.out.search(text) === -1) return;
          waiting.delete(look);
          resolve();
        };
        waiting.add(look);
        look();
      }),
    interrupt: () => {
      for (const listener of interrupts) listener();
    },
  };
}

/** Runs `muster <args>` with one command in it, as main does; usage errors end with 2. */
export async function runCommand(
  io: TestIo,
  build: (io: CommandIo) => Command,
  args: readonly string[],
): Promise<void> {
  const program = new Command("muster").exitOverride().configureOutput({
    writeOut: (text) => io.stdout.write(text),
    writeErr: (text) => io.stderr.write(text),
  });
  const command = build(io).copyInheritedSettings(program);
  program.addCommand(command);
  try {
    await program.parseAsync([command.name(), ...args], { from: "user" });
  } catch (error) {
    if (!(error instanceof CommanderError)) throw error;
    io.setExitCode(error.exitCode === 0 ? 0 : 2);
  }
  // What was written arrives with the next turn of the loop.
  await new Promise((resolve) => setImmediate(resolve));
}
