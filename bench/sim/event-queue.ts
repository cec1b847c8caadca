/** Events by time; those of the same time in the order they came in. */
export class EventQueue<E> {
  readonly #heap: { readonly atMs: number; readonly order: number; readonly event: E }[] = [];
  #order = 0;

  get nextAtMs(): number | undefined {
    return this.#heap[0]?.atMs;
  }

  push(atMs: number, event: E): void {
    const heap = this.#heap;
    const entry = { atMs, order: this.#order++, event };
    let at = heap.length;
    heap.push(entry);
    while (at > 0) {
      const above = (at - 1) >> 1;
      const parent = heap[above];
      if (parent === undefined || !isBefore(entry, parent)) break;
      heap[at] = parent;
      at = above;
    }
    heap[at] = entry;
  }

  take(): E | undefined {
    const heap = this.#heap;
    const first = heap[0];
    const last = heap.pop();
    if (first === undefined || last === undefined || heap.length === 0) return first?.event;
    let at = 0;
    for (;;) {
      const left = 2 * at + 1;
      const right = heap[left + 1];
      const leftEntry = heap[left];
      const below =
        right !== undefined && leftEntry !== undefined && isBefore(right, leftEntry) ? left + 1 : left;
      const child = heap[below];
      if (child === undefined || !isBefore(child, last)) break;
      heap[at] = child;
      at = below;
    }
    heap[at] = last;
    return first.event;
  }
}

function isBefore(
  a: { readonly atMs: number; readonly order: number },
  b: { readonly atMs: number; readonly order: number },
): boolean {
  return a.atMs < b.atMs || (a.atMs === b.atMs && a.order < b.order);
}
