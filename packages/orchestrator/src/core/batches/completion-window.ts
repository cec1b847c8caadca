import { MusterError } from "@muster/base";

const unitMs: Readonly<Record<string, number>> = { s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000 };
const shortestWindowMs = 3_600_000;
const longestWindowMs = 7 * 86_400_000;

/**
 * How long a batch may take: `24h`, `90m`, `7d`. Throws `invalid_request`.
 * @param shortestMs the least that is taken; less than an hour only in tests
 */
export function parseCompletionWindow(text: string, shortestMs = shortestWindowMs): number {
  const [, amount = "", unit = ""] = /^(\d{1,9})([smhd])$/.exec(text) ?? [];
  const windowMs = Number(amount) * (unitMs[unit] ?? Number.NaN);
  if (windowMs >= shortestMs && windowMs <= longestWindowMs) return windowMs;
  throw new MusterError(
    "invalid_request",
    `"completion_window" is "${text.slice(0, 32)}": write a whole number and m, h or d, such as "24h", "90m" or "7d"; from 1h to 7d.`,
    { param: "completion_window" },
  );
}
