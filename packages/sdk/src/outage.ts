import { AbortedError, ConnectionError, MusterApiError, TimeoutError } from "./errors.ts";
import { pause } from "./pause.ts";
import { isRetryable, retryDelayMs } from "./retry.ts";

/**
 * How to wait for a server that is away: what it works on goes on without us.
 * @example for await (const result of muster.batches.results(id, { outageMs: 3_600_000 })) save(result);
 */
export interface OutageOptions {
  readonly signal?: AbortSignal | undefined;
  /** The longest that the server may be away before the error is thrown. Default: 600,000. */
  readonly outageMs?: number | undefined;
  /** Hears of each try that failed. */
  readonly onOutage?: ((error: MusterApiError) => void) | undefined;
}

const defaultOutageMs = 600_000;

/** The tries since the server last answered. */
export class Outage {
  readonly #options: OutageOptions;
  #sinceMs: number | undefined;
  #retries = 0;
  #furthest = 0;

  constructor(options: OutageOptions) {
    this.#options = options;
  }

  /** The server has answered. */
  over(): void {
    this.#sinceMs = undefined;
    this.#retries = 0;
  }

  /** Only what goes further than ever before ends an outage: an answer that always breaks at one place is none. */
  reached(position: number): void {
    if (position <= this.#furthest) return;
    this.#furthest = position;
    this.over();
  }

  /** Waits until the next try; throws what another try would not change, and what has lasted too long. */
  async wait(error: unknown): Promise<void> {
    const { signal, outageMs = defaultOutageMs, onOutage } = this.#options;
    if (!isAway(error)) throw error;
    const nowMs = performance.now();
    this.#sinceMs ??= nowMs;
    if (nowMs - this.#sinceMs >= outageMs) throw error;
    onOutage?.(error);
    const chance = { random: Math.random(), wallMs: Date.now() };
    await pause(retryDelayMs(this.#retries, error.headers, chance), signal);
    this.#retries += 1;
  }
}

function isAway(error: unknown): error is MusterApiError {
  if (!(error instanceof MusterApiError) || error instanceof AbortedError) return false;
  if (error instanceof ConnectionError || error instanceof TimeoutError) return true;
  return error.status !== undefined && isRetryable(error.status, error.headers ?? new Headers());
}
