import { type Clock, type Log, MusterError } from "@muster/base";
import {
  type ExpectedFile,
  formatModelUri,
  isFetched,
  parseModelUri,
  type ShelfSpace,
  type ShelvedFile,
  type StoredModel,
} from "@muster/models";
import type { BlobSource } from "../ports/blob-source.ts";
import { BlobFetch } from "./blob-fetch.ts";
import { type BlobReading, followFetch, readStored } from "./read-blob.ts";

export interface MirrorDeps {
  readonly source: BlobSource;
  /** What a file must be that this orchestrator's models consist of; undefined: it has nothing to do with them. */
  readonly allowed: (uri: string) => ExpectedFile | undefined;
  readonly clock: Clock;
  readonly log: Log;
}

export interface MirrorFetch {
  readonly uri: string;
  readonly doneBytes: number;
  readonly totalBytes: number | undefined;
  /** Why it has failed; undefined while it goes on. */
  readonly error: MusterError | undefined;
}

export interface MirrorStatus {
  readonly files: readonly ShelvedFile[];
  readonly fetching: readonly MirrorFetch[];
  readonly space: ShelfSpace;
}

/** Files that are fetched from the hub at once. */
const maxFetches = 8;
/** Failures stay listed this long. */
const keepFailureMs = 10 * 60_000;
const maxFailures = 100;

/** The office mirror: gets each model file once, and gives it to every worker that asks, also while it arrives. */
export class Mirror {
  readonly #deps: MirrorDeps;
  readonly #fetches = new Map<string, BlobFetch>();
  readonly #failures = new Map<string, { readonly fetch: MirrorFetch; readonly atMs: number }>();
  #isClosed = false;

  constructor(deps: MirrorDeps) {
    this.#deps = deps;
  }

  /**
   * One file for one asker, from `offset` on. Throws MusterError: `not_found` for what this orchestrator has nothing to do
   * with, `model_load_failed` for what it cannot get, `not_ready` or `queue_full` where it may help to ask again.
   */
  async open(
    ask: { readonly uri: string; readonly sha256: string | undefined; readonly offset: number },
    signal: AbortSignal,
  ): Promise<BlobReading> {
    const { source, clock } = this.#deps;
    const uri = fileUri(ask.uri);
    const allowed = this.#deps.allowed(uri);
    const tools = { open: (path: string) => source.open(path), clock, signal };
    const stored = await source.files.find(uri, allowed, signal);
    if (stored !== undefined) {
      requireSame(uri, ask.sha256, stored.sha256);
      return this.#holding(stored.path, readStored(stored, ask.offset, tools));
    }
    if (allowed === undefined || uri.startsWith("local:")) throw notOffered(uri);
    const reading = await followFetch(this.#fetch(uri, allowed), ask.offset, tools);
    requireSame(uri, ask.sha256, reading.sha256);
    return reading;
  }

  /** Gets a file unless it is there or on its way; resolves with it. Throws MusterError `model_load_failed`. */
  async pull(uriText: string, expected: ExpectedFile, signal: AbortSignal): Promise<StoredModel> {
    const uri = fileUri(uriText);
    const stored = await this.#deps.source.files.find(uri, expected, signal);
    if (stored !== undefined) return stored;
    while (!this.#fetches.has(uri) && this.#fetches.size >= maxFetches)
      await Promise.race([...this.#fetches.values()].map(({ done }) => done.catch(() => {})));
    return await this.#fetch(uri, expected).done;
  }

  async status(): Promise<MirrorStatus> {
    const { shelf } = this.#deps.source;
    this.#forgetFailures();
    const underWay = [...this.#fetches.values()].map(({ source: uri, state }) => ({
      ...{ uri, error: undefined },
      doneBytes: state?.doneBytes ?? 0,
      totalBytes: state?.totalBytes,
    }));
    const failed = [...this.#failures.values()].map(({ fetch }) => fetch);
    return { files: await shelf.files(), fetching: [...underWay, ...failed], space: await shelf.space() };
  }

  /** Takes a file off this disk; one on its way is given up. Throws `not_found`, or `not_ready` while it is read. */
  async remove(uriText: string): Promise<void> {
    const uri = fileUri(uriText);
    this.#failures.delete(uri);
    const fetch = this.#fetches.get(uri);
    fetch?.cancel();
    await fetch?.done.catch(() => {});
    const { shelf } = this.#deps.source;
    const path = (await shelf.files()).find((file) => file.source === uri)?.path;
    const outcome = path === undefined ? "missing" : await shelf.remove(path);
    if (outcome === "held")
      throw new MusterError("not_ready", `${uri} is being sent to a worker: try again in a while.`);
    if (outcome === "missing" && fetch === undefined)
      throw new MusterError(
        "not_found",
        `The mirror has no ${uri}. \`muster models disk\` lists what it has.`,
      );
  }

  /** A pinned file is not removed to make room. Throws `not_found`. */
  async setPinned(uriText: string, isPinned: boolean): Promise<void> {
    const uri = fileUri(uriText);
    const { shelf } = this.#deps.source;
    const file = (await shelf.files()).find(({ source }) => source === uri);
    if (file === undefined) throw new MusterError("not_found", `The mirror has no ${uri}: pull it first.`);
    await shelf.setPinned(file.path, isPinned);
  }

  /** Takes a file in that somebody sends; `name` says as what. Throws `invalid_request` for what is no model file. */
  async receive(
    chunks: AsyncIterable<Uint8Array>,
    options: {
      readonly expected: ExpectedFile;
      readonly signal: AbortSignal;
      readonly name: (file: { readonly bytes: number; readonly sha256: string }) => string;
    },
  ): Promise<StoredModel & { readonly uri: string }> {
    const { files, shelf } = this.#deps.source;
    const taken = await files.receive(chunks, options);
    // It may be on no hub that can be reached from here.
    await shelf.setPinned(taken.path, true);
    return taken;
  }

  /** Gives up what is on its way; what has arrived is kept for the next time. */
  async close(): Promise<void> {
    this.#isClosed = true;
    const running = [...this.#fetches.values()];
    for (const fetch of running) fetch.cancel();
    await Promise.allSettled(running.map(({ done }) => done));
  }

  #fetch(uri: string, expected: ExpectedFile): BlobFetch {
    const running = this.#fetches.get(uri);
    if (running !== undefined) return running;
    if (this.#isClosed) throw new MusterError("shutting_down", "The orchestrator is shutting down.");
    if (this.#fetches.size >= maxFetches) {
      throw new MusterError("queue_full", `The mirror fetches ${maxFetches} files already: ask again later.`);
    }
    const { source, clock, log } = this.#deps;
    const fetch = new BlobFetch(uri, clock.nowMs(), (signal, onPart) =>
      source.files.fetch(uri, { signal, expected, onProgress: () => {}, onPart }),
    );
    this.#fetches.set(uri, fetch);
    this.#failures.delete(uri);
    fetch.done.then(
      ({ bytes, sha256 }) => {
        this.#fetches.delete(uri);
        const seconds = Math.round((clock.nowMs() - fetch.startedAtMs) / 100) / 10;
        log.info({ uri: shown(uri), bytes, sha256, seconds }, "model file is in the mirror");
      },
      (thrown: unknown) => {
        this.#fetches.delete(uri);
        const error = MusterError.from(thrown, "model_load_failed");
        if (error.code === "cancelled") return;
        const { doneBytes = 0, totalBytes } = fetch.state ?? {};
        this.#failures.set(uri, { fetch: { uri, doneBytes, totalBytes, error }, atMs: clock.nowMs() });
        log.warn({ uri: shown(uri), reason: error.message }, "the mirror cannot get a model file");
      },
    );
    return fetch;
  }

  /** What is read is not removed meanwhile. */
  #holding(path: string, reading: BlobReading): BlobReading {
    const { shelf } = this.#deps.source;
    return {
      ...reading,
      async *pieces() {
        const release = shelf.hold(path);
        try {
          return yield* reading.pieces();
        } finally {
          release();
        }
      },
    };
  }

  #forgetFailures(): void {
    const beforeMs = this.#deps.clock.nowMs() - keepFailureMs;
    const excess = this.#failures.size - maxFailures;
    for (const [index, [uri, { atMs }]] of [...this.#failures].entries())
      if (atMs < beforeMs || index < excess) this.#failures.delete(uri);
  }
}

/** As files are named in manifests. Throws `not_found` for what no mirror keeps. */
function fileUri(text: string): string {
  let uri: ReturnType<typeof parseModelUri>;
  try {
    uri = parseModelUri(text);
  } catch (cause) {
    throw new MusterError("not_found", MusterError.from(cause).message, { cause });
  }
  if (isFetched(uri)) return formatModelUri(uri);
  throw notOffered(text.slice(0, 200));
}

function notOffered(uri: string): MusterError {
  return new MusterError(
    "not_found",
    `This orchestrator's mirror does not offer ${shown(uri)}: it has what its models consist of, and what was put into it.`,
  );
}

function requireSame(uri: string, wanted: string | undefined, have: string | undefined): void {
  if (wanted === undefined || have === undefined || wanted === have) return;
  throw new MusterError("model_load_failed", `The mirror's file for ${shown(uri)} has the SHA-256 ${have}.`);
}

/** Queries may hold keys. */
function shown(uri: string): string {
  return uri.replace(/\?.*$/s, "?…");
}
