import { MusterError } from "@muster/base";

/** The slots of one replica. Taking one gives the release; who finds none waits in line. */
export class SlotTable {
  readonly #total: number;
  readonly #waiting = new Set<(release: () => void) => void>();
  #taken = 0;

  constructor(total: number) {
    this.#total = total;
  }

  get taken(): number {
    return this.#taken;
  }

  /** Resolves with the release of a slot; rejects with `cancelled` when `signal` fires first. */
  take(signal: AbortSignal): Promise<() => void> {
    if (signal.aborted) return Promise.reject(cancelled());
    if (this.#taken < this.#total) return Promise.resolve(this.#hold());
    return new Promise((resolve, reject) => {
      const grant = (release: () => void) => {
        signal.removeEventListener("abort", leave);
        resolve(release);
      };
      const leave = () => {
        this.#waiting.delete(grant);
        reject(cancelled());
      };
      signal.addEventListener("abort", leave, { once: true });
      this.#waiting.add(grant);
    });
  }

  #hold(): () => void {
    this.#taken += 1;
    let isHeld = true;
    return () => {
      if (!isHeld) return;
      isHeld = false;
      this.#taken -= 1;
      const [next] = this.#waiting;
      if (next === undefined) return;
      this.#waiting.delete(next);
      next(this.#hold());
    };
  }
}

function cancelled(): MusterError {
  return new MusterError("cancelled", "The attempt was cancelled while it waited for a slot.");
}
