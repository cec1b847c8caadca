import { type Background, type Clock, type Log, MusterError } from "@muster/base";
import type { ObjectInfo, ObjectStore } from "../../ports/object-store.ts";
import { jsonBytes, objectFrom } from "../batches/stored-json.ts";

interface RecordBookDeps<T> {
  readonly store: ObjectStore;
  /** Ends with a slash; records are `<prefix><name>.json`. */
  readonly prefix: string;
  /** Undefined for what is no record of this kind: it is left out, and said in the log. */
  readonly read: (value: object) => T | undefined;
  /** What a record counts as that cannot be read: one that takes something away must go on doing so. */
  readonly damaged?: (name: string) => T | undefined;
  readonly clock: Clock;
  readonly log: Log;
  readonly background: Background;
  /** How long a change that another orchestrator has made may take to be seen here. */
  readonly refreshMs?: number;
  /** Another number is for tests. */
  readonly maxRecords?: number;
}

interface Seen<T> {
  readonly modifiedAtMs: number;
  readonly bytes: number;
  readonly value: T | undefined;
  readonly isDamaged?: boolean;
}

const usualRefreshMs = 2_000;
/** A store may tell times in whole seconds: what is so young is read again. */
const youngMs = 5_000;
/** More are a mistake, or an attack: every orchestrator keeps them all in memory. */
const usualMaxRecords = 100_000;
const readsAtOnce = 32;

/**
 * Small records in the object store that every orchestrator knows: keys, workers, revocations. What is changed here
 * counts here at once, and elsewhere within the refresh time. While the store is away, what was read last counts.
 */
export class RecordBook<T extends object> {
  readonly #deps: RecordBookDeps<T>;
  #records = new Map<string, Seen<T>>();
  #turn: Promise<unknown> = Promise.resolve();
  /** A look that has not begun: whoever wants one before it does shares it. */
  #next: Promise<void> | undefined;
  #stopTimer: () => void = () => {};
  #isStopped = false;
  #onChange: () => void = () => {};

  constructor(deps: RecordBookDeps<T>) {
    this.#deps = deps;
  }

  /** Sets who is told when something has changed, here or elsewhere; called once. */
  notify(onChange: () => void): void {
    this.#onChange = onChange;
  }

  /** Reads all records, and goes on doing so. Throws what the store throws: without its keys a service is not ready. */
  async start(): Promise<void> {
    await this.refresh();
    this.#schedule();
  }

  stop(): void {
    this.#isStopped = true;
    this.#stopTimer();
  }

  get(name: string): T | undefined {
    return this.#records.get(name)?.value;
  }

  /** Whether there is one of this name, readable or not. */
  has(name: string): boolean {
    return this.#records.has(name);
  }

  /** How many could not be read at the last look. */
  get damagedCount(): number {
    let count = 0;
    for (const { isDamaged } of this.#records.values()) if (isDamaged) count += 1;
    return count;
  }

  all(): readonly T[] {
    return [...this.#records.values()].flatMap(({ value }) => (value === undefined ? [] : [value]));
  }

  /** Durable and known here when it resolves. */
  put(name: string, value: T): Promise<void> {
    return this.#inTurn(async () => {
      await this.#deps.store.put(this.#key(name), jsonBytes(value));
      this.#know(name, value);
    });
  }

  /** False where there is one of this name already: of several at once exactly one wins. */
  putIfAbsent(name: string, value: T): Promise<boolean> {
    return this.#inTurn(async () => {
      const isNew = await this.#deps.store.putIfAbsent(this.#key(name), jsonBytes(value));
      if (isNew) this.#know(name, value);
      else await this.#load();
      return isNew;
    });
  }

  remove(name: string): Promise<void> {
    return this.#inTurn(async () => {
      await this.#deps.store.remove(this.#key(name));
      if (this.#records.delete(name)) this.#onChange();
    });
  }

  /** Looks at what has changed; one after the other, so that what is older never replaces what is newer. */
  refresh(): Promise<void> {
    this.#next ??= this.#inTurn(() => {
      this.#next = undefined;
      return this.#load();
    });
    return this.#next;
  }

  /** A look that began before a change must not take it back: one after the other. */
  #inTurn<R>(act: () => Promise<R>): Promise<R> {
    const turn = this.#turn.then(act);
    this.#turn = turn.then(
      () => {},
      () => {},
    );
    return turn;
  }

  /** What we have written ourselves needs no look at all the others; the next look reads it as it lies there. */
  #know(name: string, value: T): void {
    const isNew = JSON.stringify(value) !== JSON.stringify(this.#records.get(name)?.value);
    this.#records.set(name, { modifiedAtMs: Number.NaN, bytes: 0, value });
    if (isNew) this.#onChange();
  }

  #key(name: string): string {
    return `${this.#deps.prefix}${name}.json`;
  }

  #nameOf(key: string): string {
    return key.slice(this.#deps.prefix.length, -".json".length);
  }

  async #load(): Promise<void> {
    const { store, prefix, clock, maxRecords = usualMaxRecords } = this.#deps;
    const before = this.#records;
    const records = new Map<string, Seen<T>>();
    let hasChanged = false;
    const unread: ObjectInfo[] = [];
    for await (const object of store.list(prefix)) {
      const { key, modifiedAtMs, bytes } = object;
      if (!key.endsWith(".json")) continue;
      if (records.size + unread.length >= maxRecords) throw tooMany(prefix, maxRecords);
      const name = this.#nameOf(key);
      const known = before.get(name);
      const isYoung = clock.wallMs() - modifiedAtMs < youngMs;
      if (known !== undefined && known.modifiedAtMs === modifiedAtMs && known.bytes === bytes && !isYoung)
        records.set(name, known);
      else unread.push(object);
    }
    for (let at = 0; at < unread.length; at += readsAtOnce) {
      const some = unread.slice(at, at + readsAtOnce);
      const contents = await Promise.all(some.map(({ key }) => store.get(key)));
      for (const [index, { key, modifiedAtMs, bytes }] of some.entries()) {
        const content = contents[index];
        if (content === undefined) continue;
        const { value, isDamaged } = this.#read(key, content);
        const name = this.#nameOf(key);
        hasChanged ||= JSON.stringify(value) !== JSON.stringify(before.get(name)?.value);
        records.set(name, { modifiedAtMs, bytes, value, isDamaged });
      }
    }
    hasChanged ||= records.size !== before.size;
    this.#records = records;
    if (hasChanged) this.#onChange();
  }

  #read(key: string, content: Uint8Array): { readonly value: T | undefined; readonly isDamaged: boolean } {
    const object = objectFrom(content);
    const value = object === undefined ? undefined : this.#deps.read(object);
    if (value !== undefined) return { value, isDamaged: false };
    const instead = this.#deps.damaged?.(this.#nameOf(key));
    const what = instead === undefined ? "is left out" : "counts as the least that it can have said";
    this.#deps.log.warn({ key }, `a record is damaged and ${what}`);
    return { value: instead, isDamaged: true };
  }

  #schedule(): void {
    if (this.#isStopped) return;
    const { clock, background, log, refreshMs = usualRefreshMs } = this.#deps;
    this.#stopTimer = clock.after(refreshMs, () => {
      background.run("record-book", async () => {
        try {
          await this.refresh();
        } catch (error) {
          log.warn({ prefix: this.#deps.prefix, error: String(error) }, "records not refreshed");
        }
        this.#schedule();
      });
    });
  }
}

/** Whatever came last in the list would be left out: a revocation, say. Then rather nothing new counts. */
function tooMany(prefix: string, maxRecords: number): MusterError {
  return new MusterError(
    "internal",
    `The object store has more than ${maxRecords} records below ${prefix}: nothing new is read of them. Remove those that are not needed.`,
  );
}
