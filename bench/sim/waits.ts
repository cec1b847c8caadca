/** How long requests waited before they began, kept in steps of a twentieth: millions of them fit in little memory. */
export class Waits {
  readonly #counts: number[] = [];
  #count = 0;
  #maxMs = 0;

  get maxMs(): number {
    return this.#maxMs;
  }

  get count(): number {
    return this.#count;
  }

  add(waitMs: number): void {
    const step = Math.floor(Math.log(1 + waitMs) * 20);
    this.#counts[step] = (this.#counts[step] ?? 0) + 1;
    this.#count += 1;
    if (waitMs > this.#maxMs) this.#maxMs = waitMs;
  }

  percentileMs(share: number): number {
    let left = share * this.#count;
    for (const [step, count] of this.#counts.entries()) {
      left -= count ?? 0;
      if (left <= 0) return Math.exp((step + 1) / 20) - 1;
    }
    return this.#maxMs;
  }
}
