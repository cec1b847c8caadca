import { MusterError } from "@muster/base";
import type { Limits } from "../access/principal.ts";
import { nextMonthMs, utcDay } from "./utc.ts";

/** Whose limit it is, as people call it. */
interface Holder {
  readonly keyName: string;
  readonly limits: Limits;
}

interface Refused {
  readonly by: "requests_per_minute" | "tokens_per_minute" | "concurrency" | "tokens_per_month";
  readonly retryAfterMs: number;
  /** Of the month. */
  readonly used: number;
}

/** Says which limit it was, how large it is, and when to come back. */
export function refusedBy(
  { keyName, limits }: Holder,
  { by, retryAfterMs, used }: Refused,
  { tokens, wallMs }: { readonly tokens: number; readonly wallMs: number },
): MusterError {
  const key = `The key "${keyName}"`;
  const back = `Come back in ${seconds(retryAfterMs)} s.`;
  const limited = (message: string) => new MusterError("rate_limited", message, { retryAfterMs });
  switch (by) {
    case "requests_per_minute":
      return limited(`${key} may send ${limits.requestsPerMinute} requests a minute. ${back}`);
    case "tokens_per_minute":
      return limited(
        `${key} may take ${limits.tokensPerMinute} tokens a minute, prompts and answers together, and this request up to ${tokens}. ${back}`,
      );
    case "concurrency":
      return limited(
        `${key} has ${limits.concurrency} requests under way, which is its limit. Come back when one of them has ended.`,
      );
    case "tokens_per_month":
      return new MusterError(
        "quota_exceeded",
        `${key} may take ${limits.tokensPerMonth} tokens a month; ${used} are used or under way, and this request may take up to ${tokens}. The next month begins on ${utcDay(nextMonthMs(wallMs))} (UTC). Ask an administrator for a larger limit, or send a smaller max_tokens.`,
      );
    default:
      return by satisfies never;
  }
}

/** Waiting would not help. */
export function neverFits({ keyName, limits }: Holder, tokens: number): MusterError {
  return new MusterError(
    "request_too_large",
    `This request may take up to ${tokens} tokens, and the key "${keyName}" has ${limits.tokensPerMinute} a minute: it would never fit. Send a shorter prompt, or a smaller max_tokens.`,
  );
}

function seconds(ms: number): number {
  return Math.max(1, Math.ceil(ms / 1_000));
}
