import type { Background, Clock, Log } from "@muster/base";
import { objectKeys } from "../../core/batches/keys.ts";
import { utcDay } from "../../core/quota/utc.ts";
import { readUsageRows } from "../../core/usage/read-usage-rows.ts";
import {
  addCounts,
  noCounts,
  type TokenCounts,
  type UsageCounts,
  type UsageOwner,
  type UsageRow,
} from "../../core/usage/usage-row.ts";
import type { ObjectStore } from "../../ports/object-store.ts";
import { nameOf } from "../batches/listing.ts";
import { jsonBytes, objectFrom } from "../batches/stored-json.ts";

interface UsageBookDeps {
  /** Names this process: its files are nobody else's. */
  readonly self: string;
  readonly store: ObjectStore;
  readonly clock: Clock;
  readonly log: Log;
  readonly background: Background;
}

interface Page {
  readonly day: string;
  readonly rows: Map<string, UsageRow>;
  isChanged: boolean;
}

const writeMs = 10_000;
const readAtOnce = 16;
/** Files of days that are over hardly ever change. */
const maxCachedFiles = 2_000;

/**
 * What each key has taken, by day, model and class. Every process counts for itself and writes its own files, so that
 * nothing is ever counted twice and no two write the same: the usage is the sum of all files. A crash loses what was not
 * written yet, ten seconds at most.
 */
export class UsageBook {
  readonly #deps: UsageBookDeps;
  readonly #pages = new Map<string, Page>();
  readonly #cached = new Map<string, { readonly stamp: string; readonly rows: readonly UsageRow[] }>();
  #writing: Promise<void> = Promise.resolve();
  #stopTimer: () => void = () => {};
  #isStopped = false;

  constructor(deps: UsageBookDeps) {
    this.#deps = deps;
  }

  start(): void {
    if (this.#isStopped) return;
    const { clock, background } = this.#deps;
    this.#stopTimer = clock.after(writeMs, () => {
      background.run("write-usage", () => this.write());
      this.start();
    });
  }

  /** Writes what is left. */
  async stop(): Promise<void> {
    this.#isStopped = true;
    this.#stopTimer();
    await this.write();
  }

  /** A request, or a line of a batch, is over. */
  answered(owner: UsageOwner, outcome: "ok" | "failed", tokens: TokenCounts): void {
    this.#add(owner, { ...tokens, [outcome]: 1 });
  }

  /** An attempt has held a slot. */
  worked(owner: UsageOwner, work: Pick<UsageCounts, "workerSeconds" | "wattHours">): void {
    this.#add(owner, work);
  }

  /** Writes what has changed. What the store does not take now is tried again with the next. */
  write(): Promise<void> {
    const writing = this.#writing.then(() => this.#write());
    this.#writing = writing;
    return writing;
  }

  /** All rows of these days, both included; several may be of one owner. Throws what the store throws. */
  async rows(fromDay: string, untilDay: string): Promise<readonly UsageRow[]> {
    const { store, self } = this.#deps;
    // A page that is let go of while we read is in neither place otherwise.
    const own = new Map(this.#pages);
    const files: { readonly key: string; readonly stamp: string }[] = [];
    // A day that has not come yet sorts after all of its files; a prefix ends with a slash.
    for await (const { key, modifiedAtMs, bytes } of store.list(objectKeys.usage, {
      after: `${objectKeys.usage}${fromDay}`,
    })) {
      if (dayOf(key) > untilDay) break;
      if (nameOf(key) !== `${self}.json`) files.push({ key, stamp: `${modifiedAtMs}-${bytes}` });
      else if (!own.has(dayOf(key))) files.push({ key, stamp: `${modifiedAtMs}-${bytes}` });
    }
    const rows: UsageRow[] = [];
    for (let at = 0; at < files.length; at += readAtOnce) {
      const read = await Promise.all(files.slice(at, at + readAtOnce).map((file) => this.#read(file)));
      for (const some of read) rows.push(...some);
    }
    for (const { day, rows: counted } of own.values())
      if (day >= fromDay && day <= untilDay) rows.push(...counted.values());
    return rows;
  }

  /** The tokens that a key has taken in a month. */
  async monthUsed(keyId: string, month: string): Promise<number> {
    const rows = await this.rows(`${month}-01`, `${month}-31`);
    return rows
      .filter((row) => row.keyId === keyId)
      .reduce((sum, { promptTokens, completionTokens }) => sum + promptTokens + completionTokens, 0);
  }

  #add(owner: UsageOwner, counts: Partial<UsageCounts>): void {
    const day = utcDay(this.#deps.clock.wallMs());
    const page = this.#pages.get(day) ?? { day, rows: new Map(), isChanged: false };
    this.#pages.set(day, page);
    const { keyId, tenant, model, class: usageClass } = owner;
    const name = JSON.stringify([keyId, tenant, model, usageClass]);
    const row = page.rows.get(name) ?? { day, keyId, tenant, model, class: usageClass, ...noCounts };
    page.rows.set(name, { ...row, ...addCounts(row, counts) });
    page.isChanged = true;
  }

  async #write(): Promise<void> {
    const { store, self, clock, log } = this.#deps;
    const today = utcDay(clock.wallMs());
    for (const page of [...this.#pages.values()]) {
      try {
        if (page.isChanged) {
          page.isChanged = false;
          await store.put(objectKeys.usageFile(page.day, self), jsonBytes({ rows: [...page.rows.values()] }));
        }
        if (page.day < today && !page.isChanged) this.#pages.delete(page.day);
      } catch (error) {
        page.isChanged = true;
        log.warn({ day: page.day, error: String(error) }, "usage not written yet");
      }
    }
  }

  async #read({
    key,
    stamp,
  }: {
    readonly key: string;
    readonly stamp: string;
  }): Promise<readonly UsageRow[]> {
    const known = this.#cached.get(key);
    const isOver = dayOf(key) < utcDay(this.#deps.clock.wallMs());
    if (isOver && known?.stamp === stamp) return known.rows;
    const content = await this.#deps.store.get(key);
    const rows = content === undefined ? [] : readUsageRows(objectFrom(content), dayOf(key));
    if (rows === undefined) {
      this.#deps.log.warn({ key }, "a record of usage is damaged and left out");
      return [];
    }
    if (isOver) this.#remember(key, { stamp, rows });
    return rows;
  }

  #remember(key: string, file: { readonly stamp: string; readonly rows: readonly UsageRow[] }): void {
    const [oldest] = this.#cached.keys();
    if (this.#cached.size >= maxCachedFiles && oldest !== undefined) this.#cached.delete(oldest);
    this.#cached.set(key, file);
  }
}

/** `usage/<day>/<process>.json`. */
function dayOf(key: string): string {
  return key.split("/")[1] ?? "";
}
