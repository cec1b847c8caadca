/** Where a batch is asked for. */
export function batchPath(id: string): string {
  return `/v1/batches/${encodeURIComponent(id)}`;
}

/** Where a file's bytes are. */
export function contentPath(fileId: string): string {
  return `/v1/files/${encodeURIComponent(fileId)}/content`;
}
