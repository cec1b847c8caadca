import { pathOf } from "../base-url.ts";
import type { RequestOptions, Transport } from "../http.ts";
import { Outage } from "../outage.ts";
import { withQuery } from "../query.ts";
import type { ResponseInfo } from "../response-info.ts";
import { type FollowParts, resultsOf, waitFor } from "./batch-follow.ts";
import { type BatchEndpoint, type BatchLines, jsonLinesOf } from "./batch-lines.ts";
import type { BatchResult } from "./batch-result.ts";
import type { Batch, BatchPlan, BatchRequest, BatchSubmission, FollowOptions } from "./batch-types.ts";
import type { Files } from "./files.ts";
import type { List } from "./models.ts";

/**
 * `muster.batches`: many requests at once, which the server works through on its own; it needs no client meanwhile.
 * @example
 * const lines = texts.map((text) => ({ messages: [{ role: "user", content: `Summarise: ${text}` }] }) as const);
 * const settings = { endpoint: "/v1/chat/completions", model: "gemma-4-e4b-it" } as const;
 * for await (const { customId, response } of muster.batches.run(lines, settings))
 *   console.log(customId, response?.choices[0]?.message.content);
 */
export interface Batches {
  /**
   * Makes a batch of an input file. Tried once: where the connection breaks, the batch may be there; `ensure` looks.
   * Rejects with a MusterApiError.
   * @example const batch = await muster.batches.create({ input_file_id: file.id, endpoint: "/v1/embeddings" });
   */
  create(request: BatchRequest, options?: RequestOptions): Promise<Batch & ResponseInfo>;
  /**
   * The batch of an input file: the one that there is among the latest thousand, else a new one. Waits for a server that
   * is away. Rejects with a MusterApiError.
   * @example const batch = await muster.batches.ensure({ input_file_id: file.id, endpoint: "/v1/chat/completions" });
   */
  ensure(request: BatchRequest, options?: FollowOptions): Promise<Batch>;
  /**
   * One batch. Rejects with a NotFoundError where there is none.
   * @example const { status } = await muster.batches.retrieve(id);
   */
  retrieve(id: string, options?: RequestOptions): Promise<Batch & ResponseInfo>;
  /**
   * A page of the batches, newest first. Rejects with a MusterApiError.
   * @example const running = (await muster.batches.list()).data.filter((batch) => batch.status === "in_progress");
   */
  list(query?: BatchQuery, options?: RequestOptions): Promise<List<Batch> & ResponseInfo>;
  /**
   * Ends a batch early: lines that are done stay done, the others never run. Rejects with a BadRequestError where it is over.
   * @example await muster.batches.cancel(batch.id);
   */
  cancel(id: string, options?: RequestOptions): Promise<Batch & ResponseInfo>;
  /**
   * Lets no further line start, until it is resumed or expires.
   * @example await muster.batches.pause(batch.id);
   */
  pause(id: string, options?: RequestOptions): Promise<Batch & ResponseInfo>;
  /**
   * Lets a paused batch go on.
   * @example await muster.batches.resume(batch.id);
   */
  resume(id: string, options?: RequestOptions): Promise<Batch & ResponseInfo>;
  /**
   * What a batch of this file would be: its errors, its models and how long it should take. Runs nothing.
   * @example const { errors, hours } = await muster.batches.plan({ input_file_id: file.id, endpoint: "/v1/embeddings" });
   */
  plan(
    request: Pick<BatchRequest, "input_file_id" | "endpoint">,
    options?: RequestOptions,
  ): Promise<BatchPlan & ResponseInfo>;
  /**
   * Sends the lines as a file and makes a batch of it. They are sent as they come, and once: where the connection breaks
   * on the way, submit them again. Rejects with a MusterApiError, with a TypeError for a line without a model, and with
   * what the iterable threw.
   * @example const batch = await muster.batches.submit(lines, { endpoint: "/v1/chat/completions", model });
   */
  submit<E extends BatchEndpoint>(
    lines: BatchLines<E>,
    submission: BatchSubmission<E>,
    options?: FollowOptions,
  ): Promise<Batch>;
  /**
   * Resolves once the batch is over, whatever became of it. Rejects with a MusterApiError.
   * @example const batch = await muster.batches.wait(id, { onProgress: ({ muster }) => draw(muster.progress) });
   */
  wait(id: string, options?: FollowOptions): Promise<Batch>;
  /**
   * All results of a batch as they are committed, each once, in no order; ends when it is over. After a restart it is
   * how to come back to a `run`. Connections that break are made again; a signal ends the loop but not the batch. Throws
   * a BatchFailedError where the input is wrong, else a MusterApiError.
   * @example for await (const result of muster.batches.results<"/v1/embeddings">(id)) save(result);
   */
  results<E extends BatchEndpoint = "/v1/chat/completions">(
    id: string,
    options?: FollowOptions,
  ): AsyncIterable<BatchResult<E>>;
  /**
   * Submits lines and gives their results as they are committed. Leaving the loop leaves the batch running: keep its id
   * from `onSubmit`, and come back with `results`.
   * @example
   * for await (const result of muster.batches.run(lines, { endpoint: "/v1/chat/completions", model }, { onSubmit: keep }))
   *   save(result);
   */
  run<E extends BatchEndpoint>(
    lines: BatchLines<E>,
    submission: BatchSubmission<E>,
    options?: RunOptions,
  ): AsyncIterable<BatchResult<E>>;
}

/**
 * How to run a batch.
 * @example const options: RunOptions = { onSubmit: (batch) => localStorage.setItem("batch", batch.id) };
 */
export interface RunOptions extends FollowOptions {
  /** Gets the batch as soon as there is one. */
  readonly onSubmit?: ((batch: Batch) => void) | undefined;
}

/**
 * Which batches to list.
 * @example const { data, has_more } = await muster.batches.list({ limit: 100 });
 */
export interface BatchQuery {
  /** The id of the last batch of the page before. */
  readonly after?: string | undefined;
  /** 1 to 100. Default: 20. */
  readonly limit?: number | undefined;
}

const all = "/v1/batches";
const pageLimit = 100;
const maxPages = 10;

export function createBatches(transport: Transport, files: Files): Batches {
  const path = (id: string) => `${all}/${pathOf(id)}`;
  const parts: FollowParts = { transport, files, path };
  const order = async (id: string, verb: string, options: RequestOptions | undefined) =>
    transport.json<Batch>({ method: "POST", path: `${path(id)}/${verb}`, options });
  const batches: Batches = {
    create: async (request, options) =>
      transport.json<Batch>({
        method: "POST",
        path: all,
        body: withDefaults(request),
        options: { maxRetries: 0, ...options },
      }),
    ensure: (request, options) => ensured(batches, { request, isFresh: false }, options),
    retrieve: async (id, options) => transport.json<Batch>({ method: "GET", path: path(id), options }),
    list: (query, options) =>
      transport.json<List<Batch>>({ method: "GET", path: withQuery(all, { ...query }), options }),
    cancel: (id, options) => order(id, "cancel", options),
    pause: (id, options) => order(id, "pause", options),
    resume: (id, options) => order(id, "resume", options),
    plan: async (request, options) =>
      transport.json<BatchPlan>({ method: "POST", path: `${all}/plan`, body: request, options }),
    async submit(lines, submission, options = {}) {
      const { model, filename, ...settings } = submission;
      const { signal, headers } = options;
      const content = jsonLinesOf(lines, { endpoint: settings.endpoint, model });
      const file = await files.create({ file: content, filename }, { signal, headers });
      const request = { ...settings, input_file_id: file.id };
      return ensured(batches, { request, isFresh: true }, options);
    },
    wait: async (id, options = {}) => waitFor(parts, id, options),
    results: (id, options = {}) => iterable(() => resultsOf(parts, id, options)),
    run: (lines, submission, options = {}) =>
      iterable(async function* () {
        const batch = await batches.submit(lines, submission, options);
        options.onSubmit?.(batch);
        yield* resultsOf(parts, batch.id, options);
      }),
  };
  return batches;
}

/** Makes a batch unless there is one of the same file: a connection may break between the deed and its answer. */
async function ensured(
  batches: Batches,
  { request, isFresh }: { readonly request: BatchRequest; readonly isFresh: boolean },
  options: FollowOptions = {},
): Promise<Batch> {
  const outage = new Outage(options);
  const { signal, headers } = options;
  const once: RequestOptions = { signal, headers, maxRetries: 0 };
  for (let mayBeThere = !isFresh; ; mayBeThere = true) {
    try {
      const there = mayBeThere ? await batchOf(batches, request.input_file_id, once) : undefined;
      return there ?? (await batches.create(request, once));
    } catch (error) {
      await outage.wait(error);
    }
  }
}

/** The batch of a file, among the latest. */
async function batchOf(
  batches: Batches,
  fileId: string,
  options: RequestOptions,
): Promise<Batch | undefined> {
  let after: string | undefined;
  for (let page = 0; page < maxPages; page++) {
    const { data, has_more } = await batches.list({ after, limit: pageLimit }, options);
    const found = data.find((batch) => batch.input_file_id === fileId);
    if (found !== undefined || !has_more) return found;
    after = data.at(-1)?.id;
  }
  return undefined;
}

function withDefaults(request: BatchRequest): object {
  return { ...request, completion_window: request.completion_window ?? "24h" };
}

/** Nothing begins before somebody iterates. */
function iterable<T>(iterate: () => AsyncIterator<T, void>): AsyncIterable<T> {
  return { [Symbol.asyncIterator]: iterate };
}
