import type { Digest } from "../../ports/digest.ts";

/** What an answer to a line is called: the same however often it is run. */
export function lineName(digest: Digest, batchId: string, line: number): string {
  return digest(`${batchId}:${line}`).slice(0, 32);
}

/**
 * What log lines and traces about a line are found by: its request id is in the output file, and its trace's id is the
 * same however often, and wherever, it is run.
 */
export function lineIds(
  digest: Digest,
  { batchId, line }: { readonly batchId: string; readonly line: number },
) {
  const traceId = lineName(digest, batchId, line);
  return { requestId: `req-${traceId}`, traceId, batchId, line };
}

const encoder = new TextEncoder();

/** One line of an output or error file, in OpenAI's form. */
export function lineBody(of: {
  readonly name: string;
  readonly customId: string;
  readonly status: number;
  readonly body: unknown;
}): Uint8Array {
  return encoder.encode(
    JSON.stringify({
      id: `batch_req_${of.name}`,
      custom_id: of.customId,
      response: { status_code: of.status, request_id: `req-${of.name}`, body: of.body },
      error: null,
    }),
  );
}
