/** Numbers of a list, the one with the highest score first; of equals the lower number. */
export class BestFirst {
  readonly #scores: readonly number[];
  readonly #heap: number[] = [];

  /** @param scores by number; they may change for numbers that are not in here */
  constructor(scores: readonly number[]) {
    this.#scores = scores;
  }

  get first(): number | undefined {
    return this.#heap[0];
  }

  add(item: number): void {
    const heap = this.#heap;
    let at = heap.length;
    heap.push(item);
    while (at > 0) {
      const above = (at - 1) >> 1;
      const parent = heap[above];
      if (parent === undefined || !this.#isBefore(item, parent)) break;
      heap[at] = parent;
      at = above;
    }
    heap[at] = item;
  }

  takeFirst(): number | undefined {
    const heap = this.#heap;
    const first = heap[0];
    const item = heap.pop();
    if (item === undefined || heap.length === 0) return first;
    let at = 0;
    for (;;) {
      const left = 2 * at + 1;
      const below = this.#bestOf(left, left + 1);
      const child = heap[below];
      if (child === undefined || !this.#isBefore(child, item)) break;
      heap[at] = child;
      at = below;
    }
    heap[at] = item;
    return first;
  }

  #bestOf(left: number, right: number): number {
    const a = this.#heap[left];
    const b = this.#heap[right];
    return a !== undefined && b !== undefined && this.#isBefore(b, a) ? right : left;
  }

  #isBefore(a: number, b: number): boolean {
    const scoreA = this.#scores[a] ?? 0;
    const scoreB = this.#scores[b] ?? 0;
    return scoreA > scoreB || (scoreA === scoreB && a < b);
  }
}
