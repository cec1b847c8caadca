import { errorFields, MusterApiError } from "../errors.ts";
import type { BatchEndpoint, BatchResponse } from "./batch-lines.ts";
import type { Batch } from "./batch-types.ts";

/**
 * Why a line has no answer. `batch_expired` and `batch_cancelled`: it never ran.
 * @example if (result.error?.code === "batch_expired") tryAgainLater(result.customId);
 */
export interface BatchResultError {
  readonly code: string | undefined;
  readonly message: string;
  /** The field of the line's request that is wrong. */
  readonly param: string | undefined;
}

/**
 * What became of one line: a `response`, or an `error`.
 * @example
 * if (result.error !== undefined) console.warn(result.customId, result.error.message);
 * else console.log(result.customId, result.response.choices[0]?.message.content);
 */
export type BatchResult<E extends BatchEndpoint> =
  | {
      readonly customId: string;
      readonly statusCode: number;
      readonly response: BatchResponse<E>;
      readonly error: undefined;
    }
  | {
      readonly customId: string;
      /** Undefined where the line never ran. */
      readonly statusCode: number | undefined;
      readonly response: undefined;
      readonly error: BatchResultError;
    };

/**
 * The batch never ran: its input file is wrong. `batch.errors` names the lines.
 * @example if (error instanceof BatchFailedError) show(error.batch.errors?.data);
 */
export class BatchFailedError extends MusterApiError {
  override readonly name = "BatchFailedError";
  readonly batch: Batch;

  constructor(batch: Batch) {
    const [first, ...others] = batch.errors?.data ?? [];
    const where = first?.line ? `line ${first.line}: ` : "";
    const more = others.length === 0 ? "" : ` (and ${others.length} more: see batch.errors)`;
    super(`Batch ${batch.id} failed: ${where}${first?.message ?? "the server does not say why."}${more}`, {
      code: first?.code,
      param: first?.param ?? undefined,
    });
    this.batch = batch;
  }
}

interface ResultLine {
  readonly custom_id?: unknown;
  readonly response?: { readonly status_code?: unknown; readonly body?: unknown } | null;
  readonly error?: unknown;
}

/** Reads a line of a result file. Throws a MusterApiError for what is none. */
export function resultOf<E extends BatchEndpoint>(text: string): BatchResult<E> {
  const line = parsed(text);
  const customId = line?.custom_id;
  if (line === undefined || typeof customId !== "string") throw strange(text);
  const { response } = line;
  const statusCode = typeof response?.status_code === "number" ? response.status_code : undefined;
  const failure = errorFields({ error: line.error }) ?? errorFields(response?.body);
  if (failure === undefined && statusCode !== undefined && statusCode < 400) {
    return { customId, statusCode, response: response?.body as BatchResponse<E>, error: undefined };
  }
  const { code, param, message = `The line ended with status ${statusCode ?? "unknown"}.` } = failure ?? {};
  return { customId, statusCode, response: undefined, error: { code, message, param } };
}

function parsed(text: string): ResultLine | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === "object" && value !== null ? value : undefined;
  } catch {
    return undefined;
  }
}

function strange(text: string): MusterApiError {
  return new MusterApiError(
    `The server gave a line of ${text.length} characters among a batch's results that is no result. Is it a Muster server?`,
    { code: "invalid_result" },
  );
}
