import { MusterError } from "@muster/base";

/** What a line of an input file says, beside the request itself. */
export interface LineText {
  readonly customId: string;
  readonly body: unknown;
}

const decoder = new TextDecoder();

/** A line that ingest has found good. Throws `internal` for one that is not: the file has changed since. */
export function parseLineText(bytes: Uint8Array): LineText {
  const value: unknown = JSON.parse(decoder.decode(bytes));
  if (typeof value === "object" && value !== null && "custom_id" in value && "body" in value) {
    const { custom_id: customId, body } = value;
    if (typeof customId === "string") return { customId, body };
  }
  throw new MusterError("internal", "A line of a batch is not what it was when the batch was accepted.");
}
