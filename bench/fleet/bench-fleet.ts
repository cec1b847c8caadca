import { benchScale } from "./scale.ts";
import { benchUnequal } from "./unequal.ts";

const parts = ["scale", "unequal"] as const;

/** `npm run bench -- fleet [scale] [unequal] [--per-second=200]`: a large fleet on one orchestrator, and workers of unequal speed. */
export async function benchFleet(args: readonly string[], print: (row: string[]) => void): Promise<void> {
  const named = parts.filter((part) => args.includes(part));
  const runs = (part: (typeof parts)[number]) => named.length === 0 || named.includes(part);
  if (runs("scale")) await benchScale(rateIn(args), print);
  if (runs("unequal")) await benchUnequal(print);
}

function rateIn(args: readonly string[]): number {
  const given = args.find((arg) => arg.startsWith("--per-second="))?.slice("--per-second=".length);
  const rate = Number(given ?? "200");
  if (rate > 0 && rate <= 10_000) return rate;
  throw new Error(`--per-second takes a number of requests, not "${given}".`);
}
