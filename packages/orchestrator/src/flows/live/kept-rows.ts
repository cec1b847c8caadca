/** A row in words, and whose it is; without a tenant it is everybody's. */
export interface WordedRow {
  readonly id: string;
  readonly tenant?: string | undefined;
  readonly text: string;
}

/** Whom rows are for: those of one tenant, or (undefined) of all. */
export type Audience = string | undefined;

/** Rows as they were told last, and what has changed since: each row is put in words once for all who listen. */
export class KeptRows {
  #rows = new Map<string, WordedRow>();
  #changed: readonly WordedRow[] = [];
  #gone: readonly WordedRow[] = [];
  /** Put together for each audience once. */
  readonly #texts = new Map<string, string>();

  update(rows: Iterable<WordedRow>): void {
    const next = new Map<string, WordedRow>();
    const changed: WordedRow[] = [];
    for (const row of rows) {
      next.set(row.id, row);
      if (this.#rows.get(row.id)?.text !== row.text) changed.push(row);
    }
    this.#gone =
      next.size === 0 && this.#rows.size === 0
        ? []
        : [...this.#rows.values()].filter(({ id }) => !next.has(id));
    this.#changed = changed;
    this.#rows = next;
    this.#texts.clear();
  }

  clear(): void {
    this.update([]);
    this.update([]);
  }

  /** All rows, as JSON. */
  full(audience: Audience): string {
    return this.#once(`full ${audience}`, () =>
      bodyOf(true, { data: this.#rows.values(), gone: [], audience }),
    );
  }

  /** What has changed with the last update, as JSON; undefined: nothing. */
  changes(audience: Audience): string | undefined {
    const changed = this.#changed.filter((row) => isFor(row, audience));
    const gone = this.#gone.filter((row) => isFor(row, audience));
    if (changed.length === 0 && gone.length === 0) return undefined;
    return this.#once(`changes ${audience}`, () => bodyOf(false, { data: changed, gone, audience }));
  }

  #once(key: string, make: () => string): string {
    const known = this.#texts.get(key) ?? make();
    this.#texts.set(key, known);
    return known;
  }
}

function bodyOf(
  isFull: boolean,
  rows: {
    readonly data: Iterable<WordedRow>;
    readonly gone: readonly WordedRow[];
    readonly audience: Audience;
  },
): string {
  const texts: string[] = [];
  for (const row of rows.data) if (isFor(row, rows.audience)) texts.push(row.text);
  const gone = JSON.stringify(rows.gone.map(({ id }) => id));
  return `{"is_full":${isFull},"data":[${texts.join(",")}],"gone":${gone}}`;
}

function isFor({ tenant }: WordedRow, audience: Audience): boolean {
  return audience === undefined || tenant === undefined || tenant === audience;
}
