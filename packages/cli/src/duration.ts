import { InvalidArgumentError } from "commander";

const unitMs: Readonly<Record<string, number>> = { s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000 };
const longestMs = 366 * 86_400_000;

/** For commander: `90s`, `30m`, `2h`, `1h30m`, `3d` in milliseconds, or a usage error. */
export function duration(text: string): number {
  const parts = [...text.matchAll(/(\d+(?:\.\d+)?)([smhd])/g)];
  const ms = parts.reduce((sum, [, count, unit]) => sum + Number(count) * (unitMs[unit ?? ""] ?? 0), 0);
  const isWhole = parts.map(([part]) => part).join("") === text;
  if (isWhole && ms > 0 && ms <= longestMs) return ms;
  throw new InvalidArgumentError("It must be a time such as 30m, 2h, 1h30m or 1d, at most a year.");
}
