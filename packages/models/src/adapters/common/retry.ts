import { type BackoffPolicy, backoffMs, type Clock, type Log, MusterError, pause } from "@muster/base";

/** A failure that may pass: the network's, or a server that is busy or broken for the moment. */
export class PassingFailure extends Error {
  override readonly name = "PassingFailure";
  readonly retryAfterMs: number | undefined;
  /** Whether this try got further than the one before: then it does not count against the limit. */
  readonly hasAdvanced: boolean;

  constructor(
    message: string,
    options: { cause?: unknown; retryAfterMs?: number | undefined; hasAdvanced?: boolean } = {},
  ) {
    super(message, { cause: options.cause });
    this.retryAfterMs = options.retryAfterMs;
    this.hasAdvanced = options.hasAdvanced ?? false;
  }
}

export interface RetryPolicy extends BackoffPolicy {
  /** Failures in a row without a single byte more. */
  readonly maxFruitless: number;
  /** Failures altogether. */
  readonly maxTries: number;
}

export const defaultRetry: RetryPolicy = { baseMs: 500, maxMs: 30_000, maxFruitless: 6, maxTries: 100 };

/** A server may ask for patience, not for a day. */
const maxRetryAfterMs = 120_000;

export interface RetryDeps {
  readonly policy: RetryPolicy;
  readonly clock: Clock;
  readonly random: () => number;
  readonly log: Log;
}

/**
 * Tries until `task` throws nothing or something other than PassingFailure. Throws MusterError `model_load_failed`
 * once the limits are reached (the last failure is its cause), or `cancelled`.
 */
export async function retrying<T>(
  what: string,
  deps: RetryDeps & { readonly signal: AbortSignal },
  task: () => Promise<T>,
): Promise<T> {
  let fruitless = 0;
  for (let tries = 1; ; tries += 1) {
    refuseIfAborted(what, deps.signal);
    try {
      return await task();
    } catch (failure) {
      refuseIfAborted(what, deps.signal);
      if (!(failure instanceof PassingFailure)) throw failure;
      fruitless = failure.hasAdvanced ? 0 : fruitless + 1;
      if (fruitless >= deps.policy.maxFruitless || tries >= deps.policy.maxTries) {
        throw new MusterError(
          "model_load_failed",
          `${what} failed ${tries} times, the last time because ${failure.message}. Check the network and try again.`,
          { cause: failure },
        );
      }
      const waitMs = failure.retryAfterMs ?? backoffMs(deps.policy, fruitless, deps.random);
      deps.log.warn(
        { what, reason: failure.message, tries, waitMs: Math.round(waitMs) },
        "fetching failed, will retry",
      );
      await pause(deps.clock, waitMs, deps.signal);
    }
  }
}

export function cancelled(what: string): MusterError {
  return new MusterError("cancelled", `${what} was cancelled; what has arrived is kept for the next try.`);
}

function refuseIfAborted(what: string, signal: AbortSignal): void {
  if (signal.aborted) throw cancelled(what);
}

export function isPassingStatus(status: number): boolean {
  return status === 408 || status === 425 || status === 429 || status >= 500;
}

/** Milliseconds that a server asks to wait: seconds or a date, at most two minutes. */
export function readRetryAfterMs(header: string | null, wallMs: number): number | undefined {
  if (header === null) return undefined;
  const ms = /^\s*\d+\s*$/.test(header) ? Number(header) * 1000 : Date.parse(header) - wallMs;
  return Number.isFinite(ms) ? Math.min(Math.max(ms, 0), maxRetryAfterMs) : undefined;
}

/** What fetch says is "fetch failed"; the reason that helps is in its cause. */
export function networkReason(error: unknown): string {
  const cause = error instanceof Error && error.cause instanceof Error ? error.cause : error;
  const code = cause instanceof Error && "code" in cause ? ` (${String(cause.code)})` : "";
  return cause instanceof Error ? `${cause.message || cause.name}${code}` : String(cause);
}
