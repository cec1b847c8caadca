import type { Log, LogFields } from "../pure/log.ts";

/** Runs promises that nobody awaits: each has a name, and a failure is reported instead of lost. */
export class Background {
  readonly #log: Log;
  readonly #running = new Set<Promise<void>>();

  constructor(log: Log) {
    this.#log = log;
  }

  /** @param about what a line about its failure is found by */
  run(name: string, task: () => Promise<unknown>, about: LogFields = {}): void {
    const running = task().then(
      () => {},
      (error: unknown) => {
        this.#log.error({ ...about, task: name, error: String(error) }, "background task failed");
      },
    );
    this.#running.add(running);
    void running.finally(() => this.#running.delete(running));
  }

  /** Waits until everything that runs now has ended, at the longest for `limitMs`: what is left can be done again. */
  async idle(limitMs?: number): Promise<void> {
    let stopTimer: NodeJS.Timeout | undefined;
    let isOver = false;
    const limit = new Promise<void>((resolve) => {
      if (limitMs !== undefined) stopTimer = setTimeout(resolve, limitMs);
    }).then(() => {
      isOver = true;
    });
    while (this.#running.size > 0 && !isOver) await Promise.race([Promise.all(this.#running), limit]);
    clearTimeout(stopTimer);
  }
}
