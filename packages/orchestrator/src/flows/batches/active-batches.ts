import type { Log } from "@muster/base";
import { type BatchEvents, type BatchRecord, batchState, isTerminal } from "../../core/batches/batch.ts";
import type { BatchStore } from "./batch-store.ts";

/** A batch that is not over, as this orchestrator last saw it. */
export interface ActiveBatch {
  readonly record: BatchRecord;
  readonly events: BatchEvents;
  readonly isPaused: boolean;
  /** Its lines are to be run no more. */
  readonly isOver: boolean;
}

const loadedAtOnce = 16;
const maxEnded = 1_000;

/** The batches that are not over, kept in mind so that a line costs no look into the store. */
export class ActiveBatches {
  readonly #store: BatchStore;
  readonly #log: Log;
  readonly #entries = new Map<string, ActiveBatch>();
  readonly #ended = new Set<string>();
  readonly #loading = new Map<string, Promise<ActiveBatch | undefined>>();

  #onOver: (batchId: string) => void = () => {};

  constructor(deps: { readonly store: BatchStore; readonly log: Log }) {
    this.#store = deps.store;
    this.#log = deps.log;
  }

  /** Sets who is told of batches whose lines are to be run no more; called once, by the composition. */
  notify(onOver: (batchId: string) => void): void {
    this.#onOver = onOver;
  }

  /** As it was last seen; loaded where it was not seen yet. Undefined for one that is over or was never there. */
  get(batchId: string): Promise<ActiveBatch | undefined> {
    if (this.#ended.has(batchId)) return Promise.resolve(undefined);
    const batch = this.#entries.get(batchId);
    return batch === undefined ? this.reload(batchId) : Promise.resolve(batch);
  }

  seen(batchId: string): ActiveBatch | undefined {
    return this.#entries.get(batchId);
  }

  /** Looks again at one batch: something has happened to it. */
  reload(batchId: string): Promise<ActiveBatch | undefined> {
    const underWay = this.#loading.get(batchId);
    if (underWay !== undefined) return underWay;
    const loading = this.#load(batchId).finally(() => this.#loading.delete(batchId));
    this.#loading.set(batchId, loading);
    return loading;
  }

  /** Looks at what is active now; gives it, oldest first. */
  async refresh(): Promise<readonly ActiveBatch[]> {
    const ids = await this.#store.active();
    const current = new Set(ids);
    for (const batchId of this.#entries.keys()) if (!current.has(batchId)) this.#forget(batchId);
    const sorted = [...ids].sort();
    const batches: ActiveBatch[] = [];
    for (let at = 0; at < sorted.length; at += loadedAtOnce) {
      const loaded = await Promise.all(
        sorted.slice(at, at + loadedAtOnce).map((batchId) =>
          this.reload(batchId).catch((error: unknown) => {
            this.#log.warn({ batchId, error: String(error) }, "batch not readable now");
            return undefined;
          }),
        ),
      );
      batches.push(...loaded.filter((batch) => batch !== undefined));
    }
    return batches;
  }

  /** Every batch that was seen and is not over. */
  all(): readonly ActiveBatch[] {
    return [...this.#entries.values()];
  }

  async #load(batchId: string): Promise<ActiveBatch | undefined> {
    const loaded = await this.#store.load(batchId);
    if (loaded === undefined) {
      this.#forget(batchId);
      return undefined;
    }
    const { record, events, isPaused } = loaded;
    const state = batchState(events);
    const isOver = isTerminal(state) || state === "finalizing" || state === "cancelling";
    const batch: ActiveBatch = { record, events, isPaused, isOver };
    const wasOver = this.#entries.get(batchId)?.isOver ?? false;
    if (isTerminal(state)) {
      this.#entries.delete(batchId);
      this.#noteEnded(batchId);
    } else this.#entries.set(batchId, batch);
    if (isOver && !wasOver) this.#onOver(batchId);
    return batch;
  }

  /** Some of its lines may still be in the lanes: each would cost a look into the store. */
  #noteEnded(batchId: string): void {
    this.#ended.add(batchId);
    const [oldest] = this.#ended;
    if (this.#ended.size > maxEnded && oldest !== undefined) this.#ended.delete(oldest);
  }

  #forget(batchId: string): void {
    if (this.#entries.delete(batchId)) this.#onOver(batchId);
  }
}
