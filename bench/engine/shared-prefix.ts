import type { Subject } from "./subject.ts";

const lines = 64;
/** Without reuse a line costs the same whichever it is: so many are measured, and counted for all. */
const linesWithout = 8;
const maxTokens = 16;
const atOnce = 8;

/** About 1,000 tokens of plain English. */
const system = Array.from(
  { length: 40 },
  (_, i) =>
    `Rule ${i + 1}: read the ticket with care, name its product, and tell in one short sentence what the writer wants from us next.`,
).join("\n");

/** 64 lines that begin with the same system prompt: all at once as a batch would, and as if no two began alike. */
export async function benchSharedPrefix(
  subjects: readonly Subject[],
  print: (row: string[]) => void,
): Promise<void> {
  for (const subject of subjects) {
    const withReuse = await timeLines(
      subject,
      lines,
      (line) => `${system}\nTicket ${line}: it does not start.\nAnswer:`,
    );
    const some = await timeLines(
      subject,
      linesWithout,
      (line) => `Case ${line}.\n${system}\nIt does not start.\nAnswer:`,
    );
    const without = (some * lines) / linesWithout;
    print([
      `${subject.name}, ${lines} lines with one system prompt`,
      `${withReuse.toFixed(1)} s`,
      `${(without / withReuse).toFixed(1)} x faster than without reuse (${without.toFixed(0)} s)`,
    ]);
  }
}

async function timeLines(
  subject: Subject,
  count: number,
  promptOf: (line: number) => string,
): Promise<number> {
  const startedMs = performance.now();
  let next = 0;
  await Promise.all(
    Array.from({ length: atOnce }, async () => {
      while (next < count) {
        next += 1;
        await subject.ask({ prompt: promptOf(next), maxTokens, seed: next });
      }
    }),
  );
  return (performance.now() - startedMs) / 1000;
}
