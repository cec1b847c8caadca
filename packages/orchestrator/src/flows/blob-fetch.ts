import { type Deferred, deferred } from "@muster/base";
import type { PartState, StoredModel } from "@muster/models";

/** One file on its way from the hub, and whoever reads along. */
export class BlobFetch {
  readonly source: string;
  readonly startedAtMs: number;
  /** Rejects with the MusterError of a fetch that failed. */
  readonly done: Promise<StoredModel>;
  #state: PartState | undefined;
  #outcome: { readonly stored: StoredModel } | { readonly error: unknown } | undefined;
  #change: Deferred<void> = deferred<void>();
  readonly #stop = new AbortController();

  constructor(
    source: string,
    startedAtMs: number,
    run: (signal: AbortSignal, onPart: (state: PartState) => void) => Promise<StoredModel>,
  ) {
    this.source = source;
    this.startedAtMs = startedAtMs;
    const running = run(this.#stop.signal, (state) => {
      this.#state = state;
      this.#changed();
    });
    this.done = running.then(
      (stored) => {
        this.#outcome = { stored };
        this.#changed();
        return stored;
      },
      (error: unknown) => {
        this.#outcome = { error };
        this.#changed();
        throw error;
      },
    );
    // Whoever waits for it hears of it.
    this.done.catch(() => {});
  }

  get state(): PartState | undefined {
    return this.#state;
  }

  get isOver(): boolean {
    return this.#outcome !== undefined;
  }

  /** Resolves when there are more bytes, fewer, or it is over. */
  changed(): Promise<void> {
    return this.#outcome === undefined ? this.#change.promise : Promise.resolve();
  }

  cancel(): void {
    this.#stop.abort();
  }

  #changed(): void {
    const earlier = this.#change;
    this.#change = deferred<void>();
    earlier.resolve();
  }
}
