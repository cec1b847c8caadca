import type { FastifyReply } from "fastify";
import type { QuotaView, QuotaWindow } from "../../ports/quota.ts";

/** OpenAI's headers of what is left of a minute, which its clients read; nothing for a key without limits. */
export function rateHeaders(reply: FastifyReply, { requests, tokens }: QuotaView): void {
  for (const [name, window] of [
    ["requests", requests],
    ["tokens", tokens],
  ] as const) {
    if (window === undefined) continue;
    reply.header(`x-ratelimit-limit-${name}`, String(window.limit));
    reply.header(`x-ratelimit-remaining-${name}`, String(window.remaining));
    reply.header(`x-ratelimit-reset-${name}`, durationText(window.resetMs));
  }
}

/** The same in Anthropic's words: its times are moments. */
export function anthropicRateHeaders(
  reply: FastifyReply,
  { requests, tokens }: QuotaView,
  wallMs: number,
): void {
  const say = (name: string, { limit, remaining, resetMs }: QuotaWindow) => {
    const base = `anthropic-ratelimit-${name}`;
    reply.header(`${base}-limit`, String(limit));
    reply.header(`${base}-remaining`, String(remaining));
    reply.header(`${base}-reset`, new Date(wallMs + resetMs).toISOString());
  };
  if (requests !== undefined) say("requests", requests);
  if (tokens !== undefined) say("tokens", tokens);
}

/** As Go writes durations: `12ms`, `1.5s`, `6m0s`. */
export function durationText(ms: number): string {
  const whole = Math.ceil(ms);
  if (whole < 1_000) return `${whole}ms`;
  const minutes = Math.floor(whole / 60_000);
  const seconds = (whole % 60_000) / 1_000;
  return minutes === 0 ? `${seconds}s` : `${minutes}m${seconds}s`;
}
