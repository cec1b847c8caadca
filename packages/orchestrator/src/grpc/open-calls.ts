type Cut = (reason: string) => void;

/** What is open in the name of each worker: cut at once when it does not belong to the fleet any more. */
export class OpenCalls {
  readonly #calls = new Map<string, Set<Cut>>();

  /** The result is called when the call is over. */
  add(workerId: string, cut: Cut): () => void {
    const calls = this.#calls.get(workerId) ?? new Set();
    this.#calls.set(workerId, calls.add(cut));
    return () => {
      calls.delete(cut);
      if (calls.size === 0 && this.#calls.get(workerId) === calls) this.#calls.delete(workerId);
    };
  }

  /** `refusal` says why a worker does not belong; undefined: it does. */
  enforce(refusal: (workerId: string) => string | undefined): void {
    for (const [workerId, calls] of [...this.#calls]) {
      const reason = refusal(workerId);
      if (reason !== undefined) for (const cut of [...calls]) cut(reason);
    }
  }
}
