import { MusterError } from "@muster/base";
import type { BatchInput } from "./batch-input.ts";
import { lineDigest } from "./batch-state.ts";
import type { ResultTable } from "./result-files.ts";

/**
 * The rows of an input for its answers to be put beside. Reading them throws `invalid_request` at the end where they are
 * not those that the batch was made of.
 */
export function inputTable(
  input: BatchInput,
  { settings, digest }: { readonly settings: object; readonly digest: string },
): ResultTable {
  const { head, delimiter, kind, path } = input.file;
  const isJson = kind === "jsonl";
  return {
    head: isJson ? ["custom_id"] : head,
    delimiter,
    async *rows() {
      const found = lineDigest(input, settings);
      for await (const { row, customId, json } of input.lines()) {
        found.update(json);
        yield { customId, cells: isJson ? [customId] : row.cells };
      }
      if (found.digest("hex") === digest) return;
      throw new MusterError(
        "invalid_request",
        `${path} has changed since it was sent: the answers may not fit its rows. \`muster batch results ID -o FILE.jsonl\` gets them as they are.`,
      );
    },
  };
}
