type Waiter<T> = {
  readonly resolve: (result: IteratorResult<T, undefined>) => void;
  readonly reject: (error: unknown) => void;
};

/**
 * A bounded queue with one reader: producers `push` without waiting, the reader iterates.
 * `push` answers false once the limit is reached or the box is closed: the producer must then stop its source.
 * The limit counts items, or what `weigh` says of each.
 * Leaving the loop early closes the box and runs `onLeave`.
 */
export class Mailbox<T> implements AsyncIterable<T> {
  readonly #limit: number;
  readonly #onLeave: (() => void) | undefined;
  readonly #weigh: (item: T) => number;
  #weight = 0;
  readonly #items: T[] = [];
  #waiter: Waiter<T> | undefined;
  #end: { readonly error?: unknown } | undefined;

  constructor(limit: number, onLeave?: () => void, weigh: (item: T) => number = () => 1) {
    this.#limit = limit;
    this.#onLeave = onLeave;
    this.#weigh = weigh;
  }

  get size(): number {
    return this.#items.length;
  }

  push(item: T): boolean {
    if (this.#end !== undefined) return false;
    if (this.#waiter !== undefined) {
      const waiter = this.#waiter;
      this.#waiter = undefined;
      waiter.resolve({ done: false, value: item });
      return true;
    }
    if (this.#weight >= this.#limit) return false;
    this.#weight += this.#weigh(item);
    this.#items.push(item);
    return true;
  }

  /** No more items; the reader still gets what is in the box. */
  close(): void {
    this.#finish({});
  }

  /** Like `close`, but the reader's loop then throws `error`. */
  fail(error: unknown): void {
    this.#finish({ error });
  }

  #finish(end: { readonly error?: unknown }): void {
    if (this.#end !== undefined) return;
    this.#end = end;
    const waiter = this.#waiter;
    this.#waiter = undefined;
    if (waiter === undefined) return;
    if ("error" in end) waiter.reject(end.error);
    else waiter.resolve({ done: true, value: undefined });
  }

  [Symbol.asyncIterator](): AsyncIterator<T, undefined> {
    return {
      next: () => {
        if (this.#items.length > 0) {
          const value = this.#items.shift() as T;
          this.#weight -= this.#weigh(value);
          return Promise.resolve({ done: false, value });
        }
        if (this.#end !== undefined) {
          if ("error" in this.#end) {
            const { error } = this.#end;
            this.#end = {};
            return Promise.reject(error);
          }
          return Promise.resolve({ done: true, value: undefined });
        }
        return new Promise((resolve, reject) => {
          this.#waiter = { resolve, reject };
        });
      },
      return: () => {
        this.#items.length = 0;
        this.close();
        this.#onLeave?.();
        return Promise.resolve({ done: true, value: undefined });
      },
    };
  }
}
