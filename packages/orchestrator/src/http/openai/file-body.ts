import type { FileRecord } from "../../flows/batches/file-store.ts";
import { secondsOf } from "./unix-seconds.ts";

/** A file in OpenAI's words. */
export function fileBody({ id, bytes, createdAtMs, expiresAtMs, filename, purpose }: FileRecord) {
  return {
    id,
    object: "file",
    bytes,
    created_at: secondsOf(createdAtMs),
    expires_at: secondsOf(expiresAtMs),
    filename,
    purpose,
    // No longer used, and still required.
    status: "processed",
    status_details: null,
  };
}
