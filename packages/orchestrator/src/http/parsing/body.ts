import { MusterError } from "@muster/base";
import type { z } from "zod";
import { requireBoundedJson } from "./json-bounds.ts";

/** What an error repeats of a body: names in it can be as long as the body. */
const maxQuoted = 256;

/** Parses a body; the first thing wrong with it becomes an `invalid_request` that names the field. */
export function parseBody<T>(schema: z.ZodType<T>, body: unknown): T {
  if (body === undefined || body === null)
    throw new MusterError("invalid_json", "The request has no JSON body.");
  requireBoundedJson(body);
  const parsed = schema.safeParse(body);
  if (parsed.success) return parsed.data;
  const issue = parsed.error.issues[0];
  const param = pathText(issue?.path ?? []).slice(0, maxQuoted);
  const where = param === "" ? "The body" : `"${param}"`;
  throw new MusterError(
    "invalid_request",
    `${where} is wrong: ${(issue?.message ?? "invalid").slice(0, maxQuoted)}.`,
    {
      ...(param === "" ? {} : { param }),
    },
  );
}

/** OpenAI's notation: `messages[0].content`. */
function pathText(path: readonly PropertyKey[]): string {
  return path.reduce<string>((text, part) => {
    if (typeof part === "number") return `${text}[${part}]`;
    return text === "" ? String(part) : `${text}.${String(part)}`;
  }, "");
}

/** An `invalid_request` about one field. */
export function wrong(param: string, message: string): MusterError {
  return new MusterError("invalid_request", `"${param}" is wrong: ${message}`, { param });
}

/** Refuses what would change the answer if it were ignored. The value says whether the request asks for it. */
export function refuseUnsupported(
  fields: Readonly<Record<string, { readonly isAsked: boolean; readonly why: string }>>,
): void {
  for (const [param, { isAsked, why }] of Object.entries(fields)) {
    if (isAsked) throw new MusterError("unsupported", `"${param}" is not supported: ${why}`, { param });
  }
}
