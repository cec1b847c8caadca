/** What an error carries besides its message. */
export interface ErrorDetails {
  /** The HTTP status; undefined where no answer came. */
  readonly status?: number | undefined;
  /** A name for programs: `model_not_found`, `queue_full`, or the system's, like `ECONNREFUSED`. */
  readonly code?: string | undefined;
  /** OpenAI's class of error: `invalid_request_error`, `rate_limit_error`, `server_error`... */
  readonly type?: string | undefined;
  /** The field of the request that is wrong: `messages[0].content`. */
  readonly param?: string | undefined;
  readonly headers?: Headers | undefined;
  readonly cause?: unknown;
}

/**
 * Everything that the SDK throws about a request is one of these. Subclasses tell the common cases apart.
 * @example
 * try { await muster.models.list(); }
 * catch (error) { if (error instanceof MusterApiError) report(error.status, error.code, error.requestId); }
 */
export class MusterApiError extends Error {
  override readonly name: string = "MusterApiError";
  readonly status: number | undefined;
  readonly code: string | undefined;
  readonly type: string | undefined;
  readonly param: string | undefined;
  /** Names the request in the server's log. */
  readonly requestId: string | undefined;
  readonly headers: Headers | undefined;

  constructor(message: string, details: ErrorDetails = {}) {
    super(message, details.cause === undefined ? undefined : { cause: details.cause });
    this.status = details.status;
    this.code = details.code;
    this.type = details.type;
    this.param = details.param;
    this.headers = details.headers;
    this.requestId = details.headers?.get("x-request-id") ?? undefined;
  }
}

/**
 * 400 and 422: the request is wrong; `param` names the field.
 * @example if (error instanceof BadRequestError) show(`${error.param}: ${error.message}`);
 */
export class BadRequestError extends MusterApiError {
  override readonly name = "BadRequestError";
}

/**
 * 401: no API key, or one that the server does not know.
 * @example if (error instanceof AuthenticationError) askForKey();
 */
export class AuthenticationError extends MusterApiError {
  override readonly name = "AuthenticationError";
}

/**
 * 403: the key is good, but not for this.
 * @example if (error instanceof PermissionDeniedError) show(error.message);
 */
export class PermissionDeniedError extends MusterApiError {
  override readonly name = "PermissionDeniedError";
}

/**
 * 404: no such model, worker or path; `code` is `model_not_found` for a model that nobody serves.
 * @example if (error instanceof NotFoundError) show((await muster.models.list()).data);
 */
export class NotFoundError extends MusterApiError {
  override readonly name = "NotFoundError";
}

/**
 * 413: the body is larger than the server takes.
 * @example if (error instanceof RequestTooLargeError) sendInParts();
 */
export class RequestTooLargeError extends MusterApiError {
  override readonly name = "RequestTooLargeError";
}

/**
 * 429: the queue is full, or the request waited too long in it. Retried `maxRetries` times before it is thrown.
 * @example if (error instanceof RateLimitError) tryAgainLater();
 */
export class RateLimitError extends MusterApiError {
  override readonly name = "RateLimitError";
}

/**
 * 500 and above: the fleet failed. Retried before it is thrown, unless the server said that it would fail again.
 * @example if (error instanceof ServerError) report(error.requestId);
 */
export class ServerError extends MusterApiError {
  override readonly name = "ServerError";
}

/**
 * No answer: the server cannot be reached, or the connection broke. `code` is the system's, where it says one.
 * @example if (error instanceof ConnectionError && error.code === "ECONNREFUSED") show("Start it with: muster up");
 */
export class ConnectionError extends MusterApiError {
  override readonly name = "ConnectionError";
}

/**
 * The server said nothing for `timeoutMs`. Not retried: a second try would queue behind the first.
 * @example if (error instanceof TimeoutError) askForLess();
 */
export class TimeoutError extends MusterApiError {
  override readonly name = "TimeoutError";
}

/**
 * The caller's `signal` fired; `cause` is the signal's reason.
 * @example if (error instanceof AbortedError) return;
 */
export class AbortedError extends MusterApiError {
  override readonly name = "AbortedError";
}

/**
 * A stream failed after it had begun: the server said so, or it ended without its end marker (`stream_truncated`).
 * What came before stays valid text. `status` is the 200 that the stream began with.
 * @example if (error instanceof StreamError) offerToContinue(textSoFar);
 */
export class StreamError extends MusterApiError {
  override readonly name = "StreamError";
}

/** The error for an answer that is not a success. `body` is its text, in OpenAI's shape or not. */
export function errorOfResponse(response: Response, body: string, url: string): MusterApiError {
  const { status, headers } = response;
  const fields = errorFields(parseJson(body));
  const message =
    fields?.message ??
    `${url} answered ${status} without saying why. Is the base URL that of a Muster server?`;
  return new (classOf(status))(message, { ...fields, status, headers });
}

/** Reads `{"error": {...}}`; undefined where a value has no error in it. */
export function errorFields(value: unknown): (ErrorDetails & { readonly message: string }) | undefined {
  if (!isRecord(value)) return undefined;
  const { error } = value as { error?: unknown };
  if (typeof error === "string") return { message: error };
  if (!isRecord(error)) return undefined;
  const text = (name: string) => (typeof error[name] === "string" ? error[name] : undefined);
  const message = text("message") ?? "The server reported an error without a message.";
  return { message, code: text("code"), type: text("type"), param: text("param") };
}

function classOf(status: number): typeof MusterApiError {
  if (status >= 500) return ServerError;
  switch (status) {
    case 400:
    case 422:
      return BadRequestError;
    case 401:
      return AuthenticationError;
    case 403:
      return PermissionDeniedError;
    case 404:
      return NotFoundError;
    case 413:
      return RequestTooLargeError;
    case 429:
      return RateLimitError;
    default:
      return MusterApiError;
  }
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null;
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
