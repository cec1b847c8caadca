import { type BatchEvents, type BatchRecord, batchState, isTerminal } from "../../core/batches/batch.ts";

/** Batches that are remembered as told: whoever takes over may see one end again. */
const maxRemembered = 1_000;

/** Tells once of each batch that is over how long it took. */
export class EndedBatches {
  readonly #tell: (state: string, durationMs: number) => void;
  readonly #told = new Set<string>();

  constructor(tell: (state: string, durationMs: number) => void) {
    this.#tell = tell;
  }

  changed({ record, events }: { readonly record: BatchRecord; readonly events: BatchEvents }): void {
    const state = batchState(events);
    const endedAtMs = (events.sealed ?? events.failed)?.atMs;
    if (!isTerminal(state) || endedAtMs === undefined || this.#told.has(record.id)) return;
    this.#told.add(record.id);
    const [oldest] = this.#told;
    if (this.#told.size > maxRemembered && oldest !== undefined) this.#told.delete(oldest);
    this.#tell(state, endedAtMs - record.createdAtMs);
  }
}
