/** A word to stop, said once. Lighter than an AbortSignal: each line of a batch has several. */
export class Stop {
  #isSaid = false;
  #listeners: Set<() => void> | undefined;

  get isSaid(): boolean {
    return this.#isSaid;
  }

  say(): void {
    if (this.#isSaid) return;
    this.#isSaid = true;
    for (const listener of this.#listeners ?? []) listener();
    this.#listeners = undefined;
  }

  /** Calls back when it is said, at once where it was; the result takes the listener away. */
  onSaid(listener: () => void): () => void {
    if (this.#isSaid) {
      listener();
      return () => {};
    }
    this.#listeners ??= new Set();
    this.#listeners.add(listener);
    return () => this.#listeners?.delete(listener);
  }
}
