import {
  type Background,
  type Clock,
  type FetchingFile,
  type Inventory,
  type Log,
  MusterError,
  pause,
} from "@muster/base";
import { type ModelShelf, type ModelStore, modelSources } from "@muster/models";
import type { FetchOrder, WorkerSays } from "../core/link-messages.ts";

export interface ModelDiskDeps {
  readonly store: ModelStore;
  readonly shelf: ModelShelf;
  readonly say: (message: WorkerSays) => void;
  /** Whether a replica here needs the file, or will. */
  readonly isLoaded: (source: string) => boolean;
  readonly background: Background;
  readonly clock: Clock;
  readonly log: Log;
}

interface Fetching {
  readonly order: FetchOrder;
  readonly stop: AbortController;
  file: FetchingFile;
  isBegun: boolean;
}

/** Models that are fetched by order at once; each is one file after the other. */
const maxFetches = 4;
/** Orders that wait for their turn, those that failed of late among them. */
const maxOrders = 64;
/** What changed within this time is said in one message. */
const sayGapMs = 1_000;
/** Files in use are noted as such this often: other processes may share the directory. */
const touchMs = 5 * 60_000;
const progressStep = 0.1;

/** Keeps what is on this worker's disk as ordered, and tells the orchestrator of it. */
export class ModelDisk {
  readonly #deps: ModelDiskDeps;
  readonly #fetches = new Map<string, Fetching>();
  #inventory: Inventory | undefined;
  #running = 0;
  #isSaying = false;
  #hasChanged = false;
  readonly #closed = new AbortController();
  #stopTouching: () => void = () => {};

  constructor(deps: ModelDiskDeps) {
    this.#deps = deps;
  }

  start(): void {
    this.changed();
    this.#touchLater();
  }

  /** What was found last: a new link wants to hear it. */
  greeting(): WorkerSays[] {
    return this.#inventory === undefined ? [] : [{ kind: "inventory", inventory: this.#inventory }];
  }

  /** Something on the disk may have changed. */
  changed(): void {
    this.#hasChanged = true;
    if (this.#isSaying || this.#closed.signal.aborted) return;
    this.#isSaying = true;
    this.#deps.background.run("inventory", () => this.#say());
  }

  /** Whether an order brings this file now. */
  isFetching(source: string): boolean {
    return [...this.#fetches.values()].some(
      ({ order, file }) => file.problem === undefined && modelSources(order.modelUri).includes(source),
    );
  }

  /** Gets a model onto the disk, without loading it. */
  fetch(order: FetchOrder): void {
    const { log, background } = this.#deps;
    const uri = order.modelUri;
    const known = this.#fetches.get(uri);
    const isUnderWay = known !== undefined && known.file.problem === undefined && !known.stop.signal.aborted;
    if (this.#closed.signal.aborted || isUnderWay) return;
    this.#fetches.delete(uri);
    this.#forgetOldest();
    if (modelSources(uri).length === 0 || this.#fetches.size >= maxOrders) {
      log.warn({ uri: shown(uri) }, "order to fetch a model refused");
      return;
    }
    this.#fetches.set(uri, {
      order,
      stop: new AbortController(),
      file: { uri, doneBytes: 0, totalBytes: order.bytes, problem: undefined },
      isBegun: false,
    });
    this.changed();
    background.run("fetch", () => this.#next());
  }

  /** Takes a model off the disk, unless it is loaded. */
  async forget(modelUri: string): Promise<void> {
    const { shelf, isLoaded, log } = this.#deps;
    const sources = modelSources(modelUri);
    if (sources.some(isLoaded)) {
      log.warn({ uri: shown(modelUri) }, "a model that is loaded stays on the disk");
      return;
    }
    this.#fetches.get(modelUri)?.stop.abort();
    for (const { path, source } of await shelf.files()) {
      if (!sources.includes(source)) continue;
      const outcome = await shelf.remove(path);
      log.info({ path, outcome }, "model file is to go, as ordered");
    }
    this.changed();
  }

  close(): void {
    this.#closed.abort();
    this.#stopTouching();
    for (const { stop } of this.#fetches.values()) stop.abort();
  }

  async #next(): Promise<void> {
    const waiting = [...this.#fetches.values()].find(({ isBegun }) => !isBegun);
    if (waiting === undefined || this.#running >= maxFetches || this.#closed.signal.aborted) return;
    waiting.isBegun = true;
    this.#running += 1;
    try {
      await this.#bring(waiting);
    } finally {
      this.#running -= 1;
      this.changed();
    }
    await this.#next();
  }

  async #bring(fetching: Fetching): Promise<void> {
    const { store, log } = this.#deps;
    const { modelUri: uri, sha256, bytes } = fetching.order;
    const { signal } = fetching.stop;
    let told = 0;
    try {
      log.info({ uri: shown(uri) }, "fetching a model, as ordered");
      const stored = await store.ensure(uri, {
        signal,
        expected: { bytes, sha256 },
        onProgress: ({ doneBytes, totalBytes }) => {
          fetching.file = { ...fetching.file, doneBytes, totalBytes: totalBytes ?? bytes };
          const share = totalBytes === undefined ? 0 : doneBytes / totalBytes;
          if (share < told + progressStep) return;
          told = share;
          log.info({ uri: shown(uri), doneBytes, totalBytes }, "fetching a model");
          this.changed();
        },
      });
      this.#over(fetching);
      log.info({ uri: shown(uri), bytes: stored.bytes }, "model is on the disk, as ordered");
    } catch (error) {
      const { code, message } = MusterError.from(error);
      if (signal.aborted || code === "cancelled") this.#over(fetching);
      else {
        fetching.file = { ...fetching.file, problem: message };
        log.error({ uri: shown(uri), code, reason: message }, "a model cannot be fetched");
      }
    }
  }

  /** Its place may have been taken: ordered anew after it was to go. */
  #over(fetching: Fetching): void {
    const uri = fetching.order.modelUri;
    if (this.#fetches.get(uri) === fetching) this.#fetches.delete(uri);
  }

  /** Those that failed make place for new orders. */
  #forgetOldest(): void {
    for (const [uri, { file }] of this.#fetches) {
      if (this.#fetches.size < maxOrders) return;
      if (file.problem !== undefined) this.#fetches.delete(uri);
    }
  }

  /** Looks and tells until nothing has changed since, with a pause between. */
  async #say(): Promise<void> {
    const { shelf, say, clock, log } = this.#deps;
    try {
      while (this.#hasChanged && !this.#closed.signal.aborted) {
        this.#hasChanged = false;
        const [files, space] = [await shelf.files(), await shelf.space()];
        this.#inventory = {
          models: files.map(({ source: uri, bytes, sha256, lastUsedMs }) => ({
            uri,
            bytes,
            sha256,
            lastUsedMs,
          })),
          freeDiskBytes: space.freeDiskBytes,
          budgetBytes: space.budgetBytes,
          fetching: [...this.#fetches.values()].map(({ file }) => file),
        };
        say({ kind: "inventory", inventory: this.#inventory });
        await pause(clock, sayGapMs, this.#closed.signal);
      }
    } catch (error) {
      log.warn({ reason: MusterError.from(error).message }, "the model directory cannot be looked through");
    } finally {
      this.#isSaying = false;
    }
  }

  #touchLater(): void {
    const { clock, shelf, isLoaded, background } = this.#deps;
    this.#stopTouching = clock.after(touchMs, () => {
      background.run("touch models", async () => {
        for (const { source, path } of await shelf.files()) if (isLoaded(source)) await shelf.touch(path);
      });
      if (!this.#closed.signal.aborted) this.#touchLater();
    });
  }
}

/** Queries may hold keys. */
function shown(uri: string): string {
  return uri.replace(/\?.*$/s, "?…");
}
