import type { MusterError } from "@muster/base";
import { errorBody, statusOf } from "../error-response.ts";

/** Anthropic's names of errors, by status; every other failure is an `api_error`. */
const types: Readonly<Record<number, string>> = {
  400: "invalid_request_error",
  401: "authentication_error",
  403: "permission_error",
  404: "not_found_error",
  413: "request_too_large",
  429: "rate_limit_error",
  499: "invalid_request_error",
  503: "overloaded_error",
};

/** Anthropic's shape, of an answer and of an event. */
export function anthropicError(error: MusterError, requestId: string) {
  const { message } = errorBody(error).error;
  return {
    type: "error",
    error: {
      type: types[statusOf(error)] ?? "api_error",
      // Claude Code shortens a conversation when it reads these words.
      message: error.code === "context_length_exceeded" ? `prompt is too long: ${message}` : message,
    },
    request_id: requestId,
  };
}
