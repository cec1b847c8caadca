import type { IncomingHttpHeaders } from "node:http";
import { z } from "zod";
import { wrong } from "./body.ts";

const maxDeadlineMs = 86_400_000;
const header = "x-muster-deadline-ms";
const meaning = `it must be a whole number of milliseconds from 1 to ${maxDeadlineMs}, counted from now`;

/** When an answer is worth nothing any more. Null means absent. */
export const deadlineField = z.int(meaning).min(1, meaning).max(maxDeadlineMs, meaning).nullish();

/** What a request says of its deadline, in its body or a header: of both the earlier. Throws `invalid_request`. */
export function deadlineOf(
  headers: IncomingHttpHeaders,
  { deadline_ms: inBody }: { readonly deadline_ms?: number | null | undefined },
): number | undefined {
  const text = headers[header]?.toString();
  if (text === undefined) return inBody ?? undefined;
  const inHeader = /^\d{1,8}$/.test(text) ? Number(text) : 0;
  if (inHeader < 1 || inHeader > maxDeadlineMs) throw wrong(header, `${meaning}.`);
  return Math.min(inHeader, inBody ?? maxDeadlineMs);
}
