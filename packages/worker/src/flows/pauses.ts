import type { Clock } from "@muster/base";
import type { Pause, PauseStore } from "../ports/pause-store.ts";

/** Who may take a machine out for a while. */
export type PausedBy = "owner" | "administrator";

/** Owns who has paused this machine, and until when. Each has one pause of its own, which outlives the worker. */
export class Pauses {
  readonly #stores: Readonly<Record<PausedBy, PauseStore>>;
  readonly #clock: Clock;
  readonly #pauses = new Map<PausedBy, Pause>();

  constructor(stores: Readonly<Record<PausedBy, PauseStore>>, clock: Clock) {
    this.#stores = stores;
    this.#clock = clock;
  }

  /** What was there before the worker started. */
  async read(): Promise<void> {
    for (const by of ["owner", "administrator"] as const) {
      const pause = await this.#stores[by].read();
      if (pause !== undefined) this.#pauses.set(by, pause);
    }
  }

  /** Undefined: there is none, or it is over. */
  of(by: PausedBy): Pause | undefined {
    const pause = this.#pauses.get(by);
    if (pause?.untilMs === undefined || pause.untilMs > this.#clock.wallMs()) return pause;
    this.#pauses.delete(by);
    return undefined;
  }

  /** Counts at once; resolves when it is kept. Without a time it lasts until `end`. */
  begin(by: PausedBy, forMs: number | undefined): Promise<void> {
    const pause = { untilMs: forMs === undefined ? undefined : this.#clock.wallMs() + forMs };
    this.#pauses.set(by, pause);
    return this.#stores[by].write(pause);
  }

  end(by: PausedBy): Promise<void> {
    this.#pauses.delete(by);
    return this.#stores[by].write(undefined);
  }
}
