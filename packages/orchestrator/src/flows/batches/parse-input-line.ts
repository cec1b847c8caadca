import type { BatchEndpoint, LineError } from "../../core/batches/batch.ts";
import type { RawLine } from "./line-splitter.ts";

/** What is wrong with a line. */
export type Refusal = Pick<LineError, "code" | "message" | "param">;

export interface ParsedLine {
  readonly customId: string;
  readonly body: object;
}

type Parsed =
  | ({ readonly kind: "line" } & ParsedLine)
  | { readonly kind: "refused"; readonly refusal: Refusal };

const maxCustomIdLength = 512;
const decoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

/** What one line of an input file says, in OpenAI's form, or what is wrong with it. */
export function parseInputLine(
  { bytes, lineNumber }: RawLine,
  limits: { readonly endpoint: BatchEndpoint; readonly maxLineBytes: number },
): Parsed {
  if (bytes === undefined)
    return refused(
      "line_too_long",
      `This line is longer than ${limits.maxLineBytes} bytes. Shorten it, or send it as a request of its own.`,
    );
  const text = textOf(bytes);
  if (text === undefined) return invalidJson(whyNoText(bytes, lineNumber));
  const value = jsonOf(text);
  if (value === undefined) return invalidJson(whyNoJson(text));
  if (typeof value !== "object" || value === null || Array.isArray(value))
    return invalidJson("it must be a JSON object");
  return parseFields(value, limits.endpoint);
}

function parseFields(line: object, endpoint: BatchEndpoint): Parsed {
  const { custom_id: customId, method, url, body } = line as Readonly<Record<string, unknown>>;
  if (customId === undefined || customId === null || customId === "")
    return refused("missing_custom_id", "This line has no custom_id: its result is told by it.", "custom_id");
  if (typeof customId !== "string")
    return refused("invalid_custom_id", "The custom_id must be a text.", "custom_id");
  if (customId.length > maxCustomIdLength)
    return refused(
      "invalid_custom_id",
      `The custom_id is longer than ${maxCustomIdLength} characters.`,
      "custom_id",
    );
  if (method !== "POST") return refused("invalid_method", 'The method must be "POST".', "method");
  if (url !== endpoint)
    return refused(
      "url_mismatch",
      `The url must be that of the batch, "${endpoint}"${typeof url === "string" ? `, not "${url.slice(0, 64)}"` : ""}.`,
      "url",
    );
  if (typeof body !== "object" || body === null || Array.isArray(body))
    return refused("invalid_request", "The body must be a JSON object: the request itself.", "body");
  return { kind: "line", customId, body };
}

function textOf(bytes: Uint8Array): string | undefined {
  try {
    return decoder.decode(bytes);
  } catch {
    return undefined;
  }
}

function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** Editors on Windows begin files in UTF-16 with FF FE, or FE FF. */
function whyNoText(bytes: Uint8Array, lineNumber: number): string {
  const isUtf16 =
    lineNumber === 1 && Math.min(bytes[0] ?? 0, bytes[1] ?? 0) === 0xfe && bytes[0] !== bytes[1];
  return isUtf16 ? "the file is UTF-16. Save it as UTF-8" : "it is not valid UTF-8. Save the file as UTF-8";
}

function whyNoJson(text: string): string {
  if (text.startsWith("\ufeff"))
    return "it begins with a byte order mark. Save the file as UTF-8 without one";
  if (text.includes("\0")) return "it holds NUL characters. Save the file as UTF-8, not as UTF-16";
  return "each line must hold one JSON object, without line breaks in it";
}

function invalidJson(why: string): Parsed {
  return refused("invalid_json_line", `This line is not parseable as valid JSON: ${why}.`);
}

function refused(code: string, message: string, param?: string): Parsed {
  return { kind: "refused", refusal: { code, message, param } };
}
