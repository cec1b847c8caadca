import { benchHistory } from "./history-size.ts";
import { benchTicks } from "./live-ticks.ts";

/** `npm run bench -- seeing`: what the live view of a large fleet costs, and what the history takes. */
export async function benchSeeing(print: (row: string[]) => void): Promise<void> {
  benchTicks(print);
  await benchHistory(print);
}
