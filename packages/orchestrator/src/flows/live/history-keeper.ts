import type { Background, Clock, Log } from "@muster/base";
import { type Resolution, resolutions, type SampleSpans } from "../../core/live/resolutions.ts";
import { type Sample, SampleSum, withBusiest } from "../../core/live/sample.ts";
import type { HistoryStore } from "../../ports/history.ts";

/** Of one sample: Redis keeps thousands of them in memory that requests need as well. */
const maxModels = 30;

interface KeeperDeps {
  readonly store: HistoryStore;
  readonly spans: SampleSpans;
  readonly clock: Clock;
  readonly log: Log;
  readonly background: Background;
}

/**
 * Puts what was seen here into the history, a span at a time. While the store is away a span is not kept: written later,
 * it would stand where it does not belong.
 */
export class HistoryKeeper {
  readonly #deps: KeeperDeps;
  readonly #sums: Record<Resolution, SampleSum> = {
    fine: new SampleSum(),
    middle: new SampleSum(),
    coarse: new SampleSum(),
  };
  readonly #isWriting: Record<Resolution, boolean> = { fine: false, middle: false, coarse: false };

  constructor(deps: KeeperDeps) {
    this.#deps = deps;
  }

  add(sample: Sample): void {
    for (const resolution of resolutions) {
      const sum = this.#sums[resolution];
      sum.add(sample);
      // Intervals come late by a little: without this a span would now and then take one more.
      if (sum.ms + sample.ms / 2 >= this.#deps.spans[resolution]) this.#write(resolution);
    }
  }

  /** Keeps what there is of a span that is not over. */
  async stop(): Promise<void> {
    const { store } = this.#deps;
    for (const resolution of resolutions) {
      const sum = this.#sums[resolution];
      if (sum.ms > 0) await store.add(resolution, withBusiest(sum.mean(), maxModels)).catch(() => {});
    }
    store.close();
  }

  #write(resolution: Resolution): void {
    const { store, background, log } = this.#deps;
    const sample = withBusiest(this.#sums[resolution].mean(), maxModels);
    this.#sums[resolution] = new SampleSum();
    if (this.#isWriting[resolution]) return;
    this.#isWriting[resolution] = true;
    background.run("keep-history", async () => {
      try {
        await store.add(resolution, sample);
      } catch (error) {
        log.debug({ error: String(error) }, "history not kept");
      } finally {
        this.#isWriting[resolution] = false;
      }
    });
  }
}
