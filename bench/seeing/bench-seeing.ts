import { benchHistory } from "./history-size.ts";
import { benchTicks } from "./live-ticks.ts";

const parts = ["ticks", "history"] as const;

/** `npm run bench -- seeing [ticks] [history]`: what the live view of a large fleet costs, and what the history takes. */
export async function benchSeeing(args: readonly string[], print: (row: string[]) => void): Promise<void> {
  const named = parts.filter((part) => args.includes(part));
  const runs = (part: (typeof parts)[number]) => named.length === 0 || named.includes(part);
  if (runs("ticks")) benchTicks(print);
  if (runs("history")) await benchHistory(print);
}
