import { type ErrorCode, MusterError } from "@muster/base";
import type { FastifyError, FastifyReply } from "fastify";
import { withoutPaths } from "../core/without-paths.ts";

interface HttpError {
  readonly status: number;
  readonly type: string;
  /** OpenAI's name for the code, where it has one. */
  readonly code?: string;
  /** What the SDKs are told; undefined leaves it to the status. */
  readonly shouldRetry?: boolean;
}

/** The one table from Muster's error codes to HTTP and OpenAI's error shape. */
const httpErrors: Readonly<Record<ErrorCode, HttpError>> = {
  invalid_request: { status: 400, type: "invalid_request_error" },
  invalid_json: { status: 400, type: "invalid_request_error" },
  unauthenticated: { status: 401, type: "authentication_error", code: "invalid_api_key" },
  forbidden: { status: 403, type: "permission_error" },
  not_found: { status: 404, type: "invalid_request_error" },
  model_not_found: { status: 404, type: "invalid_request_error" },
  request_too_large: { status: 413, type: "invalid_request_error" },
  context_length_exceeded: { status: 400, type: "invalid_request_error" },
  unsupported: { status: 400, type: "invalid_request_error", code: "unsupported_parameter" },
  queue_timeout: { status: 429, type: "rate_limit_error", shouldRetry: true },
  queue_full: { status: 429, type: "rate_limit_error", shouldRetry: true },
  rate_limited: { status: 429, type: "rate_limit_error", code: "rate_limit_exceeded", shouldRetry: true },
  quota_exceeded: { status: 429, type: "insufficient_quota", code: "insufficient_quota", shouldRetry: false },
  cancelled: { status: 499, type: "invalid_request_error", shouldRetry: false },
  worker_lost: { status: 503, type: "server_error", shouldRetry: true },
  engine_crashed: { status: 500, type: "server_error", shouldRetry: false },
  engine_failed: { status: 500, type: "server_error", shouldRetry: false },
  model_load_failed: { status: 503, type: "server_error", shouldRetry: false },
  store_unavailable: { status: 503, type: "server_error", shouldRetry: true },
  store_full: { status: 507, type: "server_error", shouldRetry: true },
  shutting_down: { status: 503, type: "server_error", shouldRetry: true },
  not_ready: { status: 503, type: "server_error", shouldRetry: true },
  given_back: { status: 503, type: "server_error", shouldRetry: true },
  insufficient_capacity: { status: 503, type: "server_error", shouldRetry: false },
  deadline_exceeded: { status: 504, type: "server_error", shouldRetry: false },
  protocol_mismatch: { status: 400, type: "invalid_request_error" },
  internal: { status: 500, type: "server_error" },
};

export interface ErrorBody {
  readonly error: {
    readonly message: string;
    readonly type: string;
    readonly param: string | null;
    readonly code: string;
  };
}

export function statusOf(error: MusterError): number {
  return httpErrors[error.code].status;
}

/** What is said of failures inside the service itself: the rest stays in its log, with paths, servers and ids. */
const saidOfInside: Partial<Readonly<Record<ErrorCode, string>>> = {
  internal: "Something went wrong inside Muster. Its log says what.",
  store_unavailable:
    "Muster cannot reach its own store just now. Nothing is lost: try again in a few seconds. Its log says more.",
};
/** What machines, disks and engines say of failures, in their own words. */
const saidByOthers: ReadonlySet<ErrorCode> = new Set([
  ...(["model_load_failed", "engine_failed", "engine_crashed", "store_full", "not_ready"] as const),
]);

/** Whether the answer says less than the error: the log must have it all. */
export function isShortened({ code }: MusterError): boolean {
  return saidOfInside[code] !== undefined;
}

/** OpenAI's shape. */
export function errorBody(error: MusterError): ErrorBody {
  const { type, code } = httpErrors[error.code];
  const own = saidByOthers.has(error.code) ? withoutPaths(error.message) : error.message;
  const message = saidOfInside[error.code] ?? own;
  return { error: { message, type, param: error.param ?? null, code: code ?? error.code } };
}

/** @param word the body in the words of the API that was asked */
export function sendError(
  reply: FastifyReply,
  error: MusterError,
  word: (error: MusterError) => unknown = errorBody,
): FastifyReply {
  const { status, shouldRetry } = httpErrors[error.code];
  if (shouldRetry !== undefined) reply.header("x-should-retry", String(shouldRetry));
  if (error.retryAfterMs !== undefined) {
    reply.header("retry-after-ms", String(Math.ceil(error.retryAfterMs)));
    reply.header("retry-after", String(Math.ceil(error.retryAfterMs / 1000)));
  }
  if (status === 401) reply.header("www-authenticate", "Bearer");
  return reply.status(status).send(word(error));
}

/** What Fastify itself throws before a route runs, as ours. */
export function fromFastify(error: FastifyError | MusterError | Error, bodyLimitBytes: number): MusterError {
  if (error instanceof MusterError) return error;
  const code = "code" in error ? error.code : undefined;
  switch (code) {
    case "FST_ERR_CTP_BODY_TOO_LARGE":
      return new MusterError(
        "request_too_large",
        `The body is larger than ${bodyLimitBytes} bytes. Send many prompts as many requests.`,
      );
    case "FST_ERR_CTP_INVALID_MEDIA_TYPE":
      return new MusterError(
        "invalid_request",
        "Send the body as JSON, with the header content-type: application/json.",
      );
    case "FST_ERR_MAX_PARAM_LENGTH":
      return new MusterError("not_found", "There is nothing with so long a name here.");
    case "FST_ERR_BAD_URL":
      return new MusterError("invalid_request", "The path of the URL is not properly percent-encoded.");
    case "FST_ERR_CTP_EMPTY_JSON_BODY":
    case "FST_ERR_CTP_INVALID_JSON_BODY":
    case "FST_ERR_CTP_INVALID_CONTENT_LENGTH":
      return new MusterError("invalid_json", "The body is not valid JSON.");
  }
  const status = "statusCode" in error ? error.statusCode : undefined;
  if (error instanceof SyntaxError || status === 400) {
    return new MusterError("invalid_json", "The body is not valid JSON.");
  }
  return MusterError.from(error);
}
