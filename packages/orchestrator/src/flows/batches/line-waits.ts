import type { Clock } from "@muster/base";
import type { WaitingLane } from "../../core/lane.ts";
import type { ActiveBatches } from "./active-batches.ts";

interface LineWaitsDeps {
  readonly active: Pick<ActiveBatches, "all">;
  /** Lines that are still to be answered, of the batches that are driven here, by model. */
  readonly remaining: () => ReadonlyMap<string, number>;
  /** The models of the lines that have a slot here now. */
  readonly running: () => Iterable<string>;
  readonly clock: Clock;
}

/** How long lines of each model have waited for one of them to be answered. */
export class LineWaits {
  readonly #deps: LineWaitsDeps;
  /** In Unix time, of models that have lines. */
  readonly #answeredAtMs = new Map<string, number>();

  constructor(deps: LineWaitsDeps) {
    this.#deps = deps;
  }

  answered(model: string): void {
    this.#answeredAtMs.set(model, this.#deps.clock.wallMs());
  }

  /** The batch lanes that have lines to be answered. */
  lanes(): readonly WaitingLane[] {
    const { remaining, running, clock } = this.#deps;
    const left = new Map(remaining());
    for (const model of this.#answeredAtMs.keys()) if (!left.has(model)) this.#answeredAtMs.delete(model);
    const since = this.#takenInAtMs();
    for (const model of running()) {
      const count = left.get(model);
      if (count !== undefined) left.set(model, Math.max(0, count - 1));
    }
    const nowMs = clock.wallMs();
    return [...left].map(([model, waiting]) => {
      const sinceMs = Math.max(this.#answeredAtMs.get(model) ?? 0, since.get(model) ?? nowMs);
      return { model, class: "batch", waiting, oldestWaitMs: Math.max(0, nowMs - sinceMs) };
    });
  }

  /** When the oldest batch that has lines of a model was taken in. */
  #takenInAtMs(): ReadonlyMap<string, number> {
    const since = new Map<string, number>();
    for (const { events, isOver, isPaused } of this.#deps.active.all()) {
      if (events.validated === undefined || isOver || isPaused) continue;
      const { atMs, models } = events.validated;
      for (const { model } of models) since.set(model, Math.min(since.get(model) ?? atMs, atMs));
    }
    return since;
  }
}
