import type { Transport } from "../http.ts";
import { Outage } from "../outage.ts";
import { pause } from "../pause.ts";
import { withQuery } from "../query.ts";
import { linesOf } from "../text-lines.ts";
import type { BatchEndpoint } from "./batch-lines.ts";
import { BatchFailedError, type BatchResult, resultOf } from "./batch-result.ts";
import { type Batch, type FollowOptions, isOver } from "./batch-types.ts";
import type { Files } from "./files.ts";

/** How long the server may keep a question for results open. */
const waitSeconds = 20;
/** While somebody wants to see progress. */
const watchedWaitSeconds = 2;
/** For an answer to come; what is silent for longer is gone. */
const answerMs = 30_000;
/** A page without lines that came sooner is not asked for again at once. */
const shortestPageMs = 500;
const firstPollMs = 100;
const longestPollMs = 1_000;

export interface FollowParts {
  readonly transport: Transport;
  readonly files: Files;
  readonly path: (id: string) => string;
}

/** Asks until the batch is over. */
export async function waitFor(parts: FollowParts, id: string, options: FollowOptions): Promise<Batch> {
  for (let pollMs = firstPollMs; ; pollMs = Math.min(longestPollMs, pollMs * 2)) {
    const batch = await current(parts, id, options);
    options.onProgress?.(batch);
    if (isOver(batch.status)) return batch;
    await pause(pollMs, options.signal);
  }
}

/**
 * The results as they are committed, each custom id once; at the end, what is in the files and was not seen. Keeps the
 * ids that it has seen.
 */
export async function* resultsOf<E extends BatchEndpoint>(
  parts: FollowParts,
  id: string,
  options: FollowOptions,
): AsyncGenerator<BatchResult<E>, void> {
  const seen = new Set<string>();
  const isNew = ({ customId }: BatchResult<E>) => {
    if (seen.has(customId)) return false;
    seen.add(customId);
    return true;
  };
  for await (const line of committedLines(parts, id, options)) {
    const result = resultOf<E>(line);
    if (isNew(result)) yield result;
  }
  const batch = await current(parts, id, options);
  options.onProgress?.(batch);
  if (batch.status === "failed") throw new BatchFailedError(batch);
  for (const fileId of [batch.output_file_id, batch.error_file_id]) {
    if (!fileId || seen.size >= batch.request_counts.total) continue;
    for await (const line of fileLines(parts, fileId, options)) {
      const result = resultOf<E>(line);
      if (isNew(result)) yield result;
    }
  }
}

/** Pages of results until the batch is over. A page that breaks is asked for again: its lines come twice. */
async function* committedLines(
  parts: FollowParts,
  id: string,
  options: FollowOptions,
): AsyncGenerator<string, void> {
  const outage = new Outage(options);
  const { signal, headers, onProgress } = options;
  const wait = onProgress === undefined ? waitSeconds : watchedWaitSeconds;
  let linesBefore = 0;
  for (let cursor: string | undefined; ; ) {
    const startedMs = performance.now();
    const path = withQuery(`${parts.path(id)}/results`, { after: cursor, wait });
    let count = 0;
    let status: string | undefined;
    try {
      const page = await parts.transport.open({
        method: "GET",
        path,
        options: { signal, headers, maxRetries: 0, timeoutMs: waitSeconds * 1_000 + answerMs },
      });
      for await (const line of linesOf(page.chunks())) {
        count += 1;
        outage.reached(linesBefore + count);
        yield line;
      }
      outage.over();
      linesBefore += count;
      // Only now: the next page begins after lines that were all read.
      cursor = page.headers.get("x-muster-cursor") ?? cursor;
      status = page.headers.get("x-muster-batch-status") ?? undefined;
    } catch (error) {
      await outage.wait(error);
      continue;
    }
    if (status === undefined || onProgress !== undefined) {
      const batch = await current(parts, id, options);
      onProgress?.(batch);
      status ??= batch.status;
    }
    if (isOver(status)) return;
    const restMs = shortestPageMs - (performance.now() - startedMs);
    if (count === 0 && restMs > 0) await pause(restMs, signal);
  }
}

/** From the start again after an outage: whoever reads knows what was there already. */
async function* fileLines(
  { files }: FollowParts,
  fileId: string,
  options: FollowOptions,
): AsyncGenerator<string, void> {
  const outage = new Outage(options);
  const { signal, headers } = options;
  for (;;) {
    let count = 0;
    try {
      for await (const line of files.content(fileId, { signal, headers, timeoutMs: answerMs }).lines()) {
        count += 1;
        outage.reached(count);
        yield line;
      }
      return;
    } catch (error) {
      await outage.wait(error);
    }
  }
}

async function current({ transport, path }: FollowParts, id: string, options: FollowOptions): Promise<Batch> {
  const outage = new Outage(options);
  const { signal, headers } = options;
  for (;;) {
    try {
      return await transport.json<Batch>({
        method: "GET",
        path: path(id),
        options: { signal, headers, maxRetries: 0, timeoutMs: answerMs },
      });
    } catch (error) {
      await outage.wait(error);
    }
  }
}
