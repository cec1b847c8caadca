import { ConnectionError } from "../errors.ts";
import type { RequestOptions, Transport } from "../http.ts";
import { linesOf } from "../text-lines.ts";

/** Connections in a row that may break without giving a byte. */
const defaultMaxBreaks = 5;

/**
 * What is in a file. Nothing is asked of the server before it is read; each reading asks anew. A connection that breaks
 * is taken up where it broke. Reading throws a MusterApiError.
 * @example for await (const line of muster.files.content(batch.output_file_id).lines()) save(JSON.parse(line));
 */
export interface FileContent {
  /** As they come. */
  bytes(): AsyncIterable<Uint8Array>;
  /** Without their ends; blank lines are left out. */
  lines(): AsyncIterable<string>;
  /** All of it. */
  text(): Promise<string>;
}

export function fileContent(
  transport: Transport,
  path: string,
  options: RequestOptions | undefined,
): FileContent {
  const bytes = () => bytesOf(transport, path, options);
  return {
    bytes,
    lines: () => linesOf(bytes()),
    async text() {
      const decoder = new TextDecoder();
      let text = "";
      for await (const chunk of bytes()) text += decoder.decode(chunk, { stream: true });
      return text + decoder.decode();
    },
  };
}

async function* bytesOf(
  transport: Transport,
  path: string,
  options: RequestOptions | undefined,
): AsyncGenerator<Uint8Array, void> {
  const maxBreaks = options?.maxRetries ?? defaultMaxBreaks;
  let offset = 0;
  for (let breaks = 0; ; breaks++) {
    const headers = offset === 0 ? options?.headers : { ...options?.headers, range: `bytes=${offset}-` };
    const body = await transport.open({ method: "GET", path, options: { ...options, headers } });
    // A server that knows no ranges sends all of it again.
    let known = body.status === 206 ? 0 : offset;
    try {
      for await (const chunk of body.chunks()) {
        const fresh = chunk.subarray(Math.min(known, chunk.byteLength));
        known -= chunk.byteLength - fresh.byteLength;
        offset += fresh.byteLength;
        if (fresh.byteLength === 0) continue;
        breaks = 0;
        yield fresh;
      }
      return;
    } catch (error) {
      if (!(error instanceof ConnectionError) || breaks >= maxBreaks) throw error;
    }
  }
}
