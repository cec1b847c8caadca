import { type ErrorCode, MusterError } from "@muster/base";
import { HttpFailure, type HttpReply, readText } from "../http-call.ts";
import { asFields, type JsonFields, numberOf, parseJson, textOf } from "../json-fields.ts";
import type { Upstream } from "./upstream.ts";

const maxErrorBytes = 64 * 1024;
const maxShownLength = 500;
const contextWords =
  /exceed_context_size|context_length_exceeded|context (?:size|length|window)|maximum context|max_model_len|too large to process/i;

/** What a reply that is no success means. */
export async function refusalOf(reply: HttpReply, upstream: Upstream): Promise<MusterError> {
  const text = await readText(reply, maxErrorBytes).catch(() => "");
  const fields = asFields(parseJson(text));
  return toRefusal(upstream, { status: reply.status, error: errorFields(fields), text });
}

/** What an error inside a reply (an event of a stream) means; undefined where there is none. */
export function errorInside(upstream: Upstream, fields: JsonFields): MusterError | undefined {
  const given = fields["error"];
  if (given === undefined || given === null) return undefined;
  const error = errorFields(fields);
  const status = numberOf(error, "code") ?? 500;
  return toRefusal(upstream, { status, error, text: typeof given === "string" ? given : "" });
}

/** What it means that the server could not be talked to. */
function connectionError(upstream: Upstream, failure: HttpFailure): MusterError {
  const { name } = upstream;
  switch (failure.kind) {
    case "aborted":
      return new MusterError("cancelled", "The answer was cancelled.");
    case "refused":
      return new MusterError("engine_crashed", `${name} does not answer (${failure.message}).`, {
        cause: failure,
      });
    case "lost":
      return new MusterError("engine_crashed", `The connection to ${name} broke (${failure.message}).`, {
        cause: failure,
      });
    case "silent":
      return new MusterError("engine_failed", `${name} gave no sign of life: ${failure.message}.`, {
        cause: failure,
      });
    default:
      return failure.kind satisfies never;
  }
}

/** Any error of a call, as a MusterError. */
export function callError(upstream: Upstream, error: unknown): MusterError {
  return error instanceof HttpFailure
    ? connectionError(upstream, error)
    : MusterError.from(error, "engine_failed");
}

/** OpenAI's `{error: {…}}`, Ollama's `{error: "…"}`, vLLM's and FastAPI's `{message}` and `{detail}`. */
function errorFields(fields: JsonFields | undefined): JsonFields | undefined {
  return asFields(fields?.["error"]) ?? fields;
}

function toRefusal(
  upstream: Upstream,
  refusal: { readonly status: number; readonly error: JsonFields | undefined; readonly text: string },
): MusterError {
  const { status, error, text } = refusal;
  const said = shorten(textOf(error, "message") ?? textOf(error, "error") ?? textOf(error, "detail") ?? text);
  const kind = `${textOf(error, "type") ?? ""} ${textOf(error, "code") ?? ""} ${said}`;
  const code = codeOf(status, kind);
  if (code === "context_length_exceeded" || code === "invalid_request" || code === "unsupported") {
    const param = textOf(error, "param");
    return new MusterError(code, said === "" ? `${upstream.name} refused the request.` : said, {
      ...(param === undefined || param === "" ? {} : { param }),
    });
  }
  const what = said === "" ? "" : ` ${said}`;
  if (status === 401 || status === 403) {
    return new MusterError(
      code,
      `${upstream.name} wants another key (HTTP ${status}).${what} ${upstream.keyAdvice}`,
    );
  }
  if (status === 429 || status === 503) {
    return new MusterError(code, `${upstream.name} is too busy (HTTP ${status}).${what}`);
  }
  return new MusterError(code, `${upstream.name} failed (HTTP ${status}).${what}`);
}

function codeOf(status: number, words: string): ErrorCode {
  // llama-server's embeddings say it with a 500.
  if ([400, 413, 422, 500].includes(status) && contextWords.test(words)) return "context_length_exceeded";
  if (status === 400 || status === 422) return "invalid_request";
  if (status === 413) return "request_too_large";
  if (status === 501) return "unsupported";
  return "engine_failed";
}

function shorten(text: string): string {
  const flat = text.replace(/\s+/g, " ").trim();
  return flat.length > maxShownLength ? `${flat.slice(0, maxShownLength)}…` : flat;
}
