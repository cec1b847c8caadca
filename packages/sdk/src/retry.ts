/** When a request is tried again, and after how long: rules without time or chance of their own. */

const firstRetryMs = 500;
const longestBackoffMs = 8_000;
/** A server that asks for more than this gets this. */
const longestRetryAfterMs = 60_000;

/** Whether an answer with this status is worth another try. The server's `x-should-retry` has the last word. */
export function isRetryable(status: number, headers: Headers): boolean {
  const said = headers.get("x-should-retry");
  if (said === "true") return true;
  if (said === "false") return false;
  return status === 408 || status === 409 || status === 429 || status >= 500;
}

/**
 * Milliseconds until the next try: what the server asked for, else a draw from the upper half of a doubling span, so
 * that a crowd of clients does not come back in step.
 * @param retries retries made so far
 * @param random a uniform draw from [0, 1)
 */
export function retryDelayMs(
  retries: number,
  headers: Headers | undefined,
  chance: { readonly random: number; readonly wallMs: number },
): number {
  const askedMs = headers === undefined ? undefined : retryAfterMs(headers, chance.wallMs);
  if (askedMs !== undefined) return Math.min(askedMs, longestRetryAfterMs);
  const ceilingMs = Math.min(longestBackoffMs, firstRetryMs * 2 ** Math.min(retries, 30));
  return ceilingMs * (0.5 + chance.random / 2);
}

/** `retry-after-ms`, else `retry-after` in seconds or as a date; undefined where neither makes sense. */
function retryAfterMs(headers: Headers, wallMs: number): number | undefined {
  const exactMs = numberOf(headers.get("retry-after-ms"));
  if (exactMs !== undefined) return exactMs;
  const text = headers.get("retry-after");
  const seconds = numberOf(text);
  if (seconds !== undefined) return seconds * 1_000;
  const dateMs = text === null ? Number.NaN : Date.parse(text);
  return Number.isNaN(dateMs) ? undefined : Math.max(0, dateMs - wallMs);
}

function numberOf(text: string | null): number | undefined {
  return text !== null && /^\d+(\.\d+)?$/.test(text.trim()) ? Number(text) : undefined;
}
