/** The newest of what was put in, within a number and a size. */
export class LineRing<Line> {
  readonly #limits: { readonly maxLines: number; readonly maxBytes: number };
  #entries: { readonly line: Line; readonly bytes: number }[] = [];
  /** Those before it are gone. */
  #from = 0;
  #bytes = 0;

  constructor(limits: { readonly maxLines: number; readonly maxBytes: number }) {
    this.#limits = limits;
  }

  get bytes(): number {
    return this.#bytes;
  }

  get size(): number {
    return this.#entries.length - this.#from;
  }

  /** Gives how many had to go. */
  push(line: Line, bytes: number): number {
    const { maxLines, maxBytes } = this.#limits;
    this.#entries.push({ line, bytes });
    this.#bytes += bytes;
    let gone = 0;
    while (this.size > maxLines || (this.#bytes > maxBytes && this.size > 0)) {
      this.shift();
      gone += 1;
    }
    return gone;
  }

  shift(): Line | undefined {
    const oldest = this.#entries[this.#from];
    if (oldest === undefined) return undefined;
    this.#from += 1;
    this.#bytes -= oldest.bytes;
    // What is gone is let go of now and then, not each time.
    if (this.#from > this.#limits.maxLines) {
      this.#entries = this.#entries.slice(this.#from);
      this.#from = 0;
    }
    return oldest.line;
  }

  lines(): Line[] {
    return this.#entries.slice(this.#from).map(({ line }) => line);
  }
}
