import { formatDuration } from "../format.ts";

/** Numbers as short as a column of a table wants them; `-` is what nobody knows. */

/** Per second: `0`, `0.4`, `7.3`, `142`, `12.5k`. */
export function rate(perSecond: number): string {
  if (!Number.isFinite(perSecond) || perSecond < 0) return "-";
  if (perSecond < 0.05) return "0";
  if (perSecond < 99.95) return String(Math.round(perSecond * 10) / 10);
  return count(Math.round(perSecond));
}

/** `1,250`, `12.5k`, `3.1M`. */
export function count(value: number): string {
  if (value < 10_000) return value.toLocaleString("en-US");
  if (value < 999_950) return `${Math.round(value / 100) / 10}k`;
  return `${Math.round(value / 100_000) / 10}M`;
}

/** Of 0 to 1: `61%`. */
export function share(value: number | null | undefined): string {
  return value == null || !Number.isFinite(value) ? "-" : `${Math.round(value * 100)}%`;
}

/** Of a wait: `0.31s`, `1.2s`, `2m`. */
export function wait(seconds: number | null | undefined): string {
  if (seconds == null || !Number.isFinite(seconds)) return "-";
  if (seconds < 9.995) return `${Math.round(seconds * 100) / 100}s`;
  if (seconds < 99.5) return `${Math.round(seconds)}s`;
  return seconds < 5_970 ? `${Math.round(seconds / 60)}m` : `${Math.round(seconds / 3_600)}h`;
}

/** Until then: `2 h 3 min`. */
export function timeLeft(seconds: number): string {
  return formatDuration(Math.max(0, Math.round(seconds)) * 1_000);
}

/** Of memory, without its unit: `8.1`. */
export function gib(bytes: number): string {
  const value = bytes / 2 ** 30;
  return String(value >= 100 ? Math.round(value) : Math.round(value * 10) / 10);
}
