import type { Batch, Muster } from "@muster/sdk";
import type { ResultTable } from "./result-files.ts";

/** The requests of a batch as the server has kept them. Reading them throws a NotFoundError where the file was deleted. */
export function serverTable(client: Muster, batch: Batch, signal: AbortSignal): ResultTable {
  return {
    head: ["custom_id"],
    delimiter: ",",
    async *rows() {
      for await (const line of client.files.content(batch.input_file_id, { signal }).lines()) {
        const { custom_id: customId } = JSON.parse(line) as { readonly custom_id: string };
        yield { customId, cells: [customId] };
      }
    },
  };
}
