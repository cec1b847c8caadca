/**
 * Everything that can go wrong between a client, the orchestrator and a worker, by name. Each edge maps these once:
 * HTTP to a status and OpenAI's error type, the worker link to the code field of `AttemptError`.
 */
export const errorCodes = [
  "invalid_request",
  "invalid_json",
  "unauthenticated",
  "forbidden",
  "not_found",
  "model_not_found",
  "request_too_large",
  "context_length_exceeded",
  "unsupported",
  "queue_timeout",
  "queue_full",
  // A limit of the key: of a minute, or of what may be under way at once. It passes by itself.
  "rate_limited",
  // A limit of the key that does not pass soon: a month's tokens, stored bytes, lines of batches.
  "quota_exceeded",
  "cancelled",
  "worker_lost",
  "engine_crashed",
  "engine_failed",
  "model_load_failed",
  "store_unavailable",
  "store_full",
  "shutting_down",
  "not_ready",
  // A worker's owner wants the machine back: nothing is wrong with the request, another worker may have it.
  "given_back",
  // The model is known, and no machine of the fleet can run it.
  "insufficient_capacity",
  "deadline_exceeded",
  "protocol_mismatch",
  "internal",
] as const;

export type ErrorCode = (typeof errorCodes)[number];

export interface MusterErrorOptions {
  readonly cause?: unknown;
  /** The field of the request that is wrong, in OpenAI's notation: `messages[0].content`. */
  readonly param?: string;
  /** How long a client should wait before it tries again, where that is known. */
  readonly retryAfterMs?: number;
}

/** The one error class of Muster's services: a code for programs, a sentence for people. */
export class MusterError extends Error {
  override readonly name = "MusterError";
  readonly code: ErrorCode;
  readonly param: string | undefined;
  readonly retryAfterMs: number | undefined;

  constructor(code: ErrorCode, message: string, options: MusterErrorOptions = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.code = code;
    this.param = options.param;
    this.retryAfterMs = options.retryAfterMs;
  }

  /** Gives a MusterError for anything thrown; what is not one already becomes `internal`. */
  static from(thrown: unknown, fallback: ErrorCode = "internal"): MusterError {
    if (thrown instanceof MusterError) return thrown;
    const message = thrown instanceof Error ? thrown.message : String(thrown);
    return new MusterError(fallback, message, { cause: thrown });
  }
}

export function isErrorCode(text: string): text is ErrorCode {
  return (errorCodes as readonly string[]).includes(text);
}
