import type { Log } from "../pure/log.ts";

type Stop = () => Promise<void> | void;

/**
 * Started in order, stopped in reverse. A part that fails to stop is reported and does not keep the others from
 * stopping; a second `stop` waits for the first.
 */
export class Lifecycle {
  readonly #log: Log;
  readonly #stops: { readonly name: string; readonly stop: Stop }[] = [];
  #stopping: Promise<void> | undefined;

  constructor(log: Log) {
    this.#log = log;
  }

  /** Registers how to stop what was just started. */
  onStop(name: string, stop: Stop): void {
    this.#stops.push({ name, stop });
  }

  stop(): Promise<void> {
    this.#stopping ??= this.#stopAll();
    return this.#stopping;
  }

  async #stopAll(): Promise<void> {
    for (let part = this.#stops.pop(); part !== undefined; part = this.#stops.pop()) {
      try {
        await part.stop();
      } catch (error) {
        this.#log.error({ part: part.name, error: String(error) }, "part failed to stop");
      }
    }
  }
}
