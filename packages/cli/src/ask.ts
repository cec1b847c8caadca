import { createInterface } from "node:readline";
import type { CommandIo } from "./command-io.ts";

/** One line from whoever sits there; "" where the input ends. */
export function ask(io: Pick<CommandIo, "stdin" | "stdout">, question: string): Promise<string> {
  const lines = createInterface({ input: io.stdin, terminal: false });
  return new Promise((resolve) => {
    lines.once("line", (line) => {
      resolve(line.trim());
      lines.close();
    });
    lines.once("close", () => resolve(""));
    io.stdout.write(question);
  });
}
