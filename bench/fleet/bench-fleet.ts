import { benchScale } from "./scale.ts";
import { benchUnequal } from "./unequal.ts";

const parts = ["scale", "unequal"] as const;

/** `npm run bench -- fleet [scale] [unequal]`: a large fleet on one orchestrator, and workers of unequal speed. */
export async function benchFleet(args: readonly string[], print: (row: string[]) => void): Promise<void> {
  const named = parts.filter((part) => args.includes(part));
  const runs = (part: (typeof parts)[number]) => named.length === 0 || named.includes(part);
  if (runs("scale")) await benchScale(print);
  if (runs("unequal")) await benchUnequal(print);
}
