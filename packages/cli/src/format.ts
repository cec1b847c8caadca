/** Numbers as people read them, and text that is safe to show. */

const byteUnits = ["B", "KiB", "MiB", "GiB", "TiB", "PiB"] as const;

/** Bytes in binary units, as memory is sold: `8 GiB`, `15.5 GiB`. */
export function formatBytes(bytes: number): string {
  if (!Number.isFinite(bytes) || bytes < 0) return "-";
  let value = bytes;
  let unit = 0;
  // Rounded first: 1,023.99 KiB would show as 1024 KiB.
  while (oneDecimal(value) >= 1024 && unit < byteUnits.length - 1) {
    value /= 1024;
    unit += 1;
  }
  return `${value >= 100 ? Math.round(value) : oneDecimal(value)} ${byteUnits[unit]}`;
}

/** Milliseconds: `120 ms`, `3.4 s`, `2 min 5 s`, `3 h 12 min`, `4 d 2 h`. */
export function formatDuration(ms: number): string {
  if (!Number.isFinite(ms) || ms < 0) return "-";
  if (Math.round(ms) < 1_000) return `${Math.round(ms)} ms`;
  if (oneDecimal(ms / 1_000) < 60) return `${oneDecimal(ms / 1_000)} s`;
  const seconds = Math.round(ms / 1_000);
  if (seconds < 3_600) return parts(seconds, [60, "min"], [1, "s"]);
  if (seconds < 86_400) return parts(seconds, [3_600, "h"], [60, "min"]);
  return parts(seconds, [86_400, "d"], [3_600, "h"]);
}

/** Tokens per second: `7.3 tokens/s`, `128 tokens/s`. */
export function formatRate(tokensPerSecond: number): string {
  if (!Number.isFinite(tokensPerSecond) || tokensPerSecond < 0) return "-";
  const shown = tokensPerSecond >= 100 ? Math.round(tokensPerSecond) : oneDecimal(tokensPerSecond);
  return `${shown} tokens/s`;
}

/** A whole number with its unit: `1 worker`, `1,250 slots`. */
export function formatCount(count: number, one: string, many = `${one}s`): string {
  return `${count.toLocaleString("en-US")} ${count === 1 ? one : many}`;
}

function parts(seconds: number, large: readonly [number, string], small: readonly [number, string]): string {
  const first = Math.floor(seconds / large[0]);
  const rest = Math.floor((seconds % large[0]) / small[0]);
  return rest === 0 ? `${first} ${large[1]}` : `${first} ${large[1]} ${rest} ${small[1]}`;
}

function oneDecimal(value: number): number {
  return Math.round(value * 10) / 10;
}
