import { MusterError } from "@muster/base";
import type { FileRecord, FileStore } from "./file-store.ts";

/** A file that can be the input of a batch. Throws `not_found`, and `invalid_request` for one of another purpose. */
export async function inputFile(
  files: Pick<FileStore, "get">,
  tenant: string,
  id: string,
): Promise<FileRecord> {
  const file = await files.get(tenant, id);
  if (file.purpose === "batch") return file;
  throw new MusterError(
    "invalid_request",
    `The file "${file.id}" has the purpose "${file.purpose}". Upload the input with purpose "batch".`,
    { param: "input_file_id" },
  );
}
