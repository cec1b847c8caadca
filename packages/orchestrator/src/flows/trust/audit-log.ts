import { type BackoffPolicy, backoffMs, type Clock, type Log } from "@muster/base";
import { type AuditBody, type AuditHead, lineOf, sealedText } from "../../core/audit/audit-record.ts";
import { objectKeys } from "../../core/batches/keys.ts";
import type { AuditEvent, AuditTrail } from "../../ports/audit-trail.ts";
import type { Digest } from "../../ports/digest.ts";
import type { AppendLog, ObjectStore } from "../../ports/object-store.ts";

interface AuditLogDeps {
  readonly store: ObjectStore;
  /** Of this process: its log is its own. */
  readonly writer: string;
  /** With a key that whoever can write into the store should not have. */
  readonly seal: Digest;
  /** Names that key, and says nothing of it. */
  readonly sealId: string;
  /** The ends of the other logs. Throws what the store throws. */
  readonly otherHeads: () => Promise<readonly AuditHead[]>;
  readonly clock: Clock;
  readonly log: Log;
}

interface Waiting extends AuditEvent {
  readonly atMs: number;
}

/** Kept while the store is away; what comes on top is counted, and the gap is recorded. */
const maxWaiting = 10_000;
const maxPerAppend = 500;
const maxText = 200;
const maxDetails = 16;
const retry: BackoffPolicy = { baseMs: 500, maxMs: 15_000 };

/** Writes down what happens, one record after the other, each sealed with the one before it. */
export class AuditLog implements AuditTrail {
  readonly #deps: AuditLogDeps;
  readonly #waiting: Waiting[] = [];
  #missed = 0;
  #seq = 0;
  #prev = "";
  #appending: AppendLog | undefined;
  #writing: Promise<void> | undefined;
  #isStopped = false;
  #wake: () => void = () => {};

  constructor(deps: AuditLogDeps) {
    this.#deps = deps;
  }

  record(event: AuditEvent): void {
    if (this.#waiting.length >= maxWaiting || this.#isStopped) this.#missed += 1;
    else this.#waiting.push({ ...bounded(event), atMs: this.#deps.clock.wallMs() });
    this.#start();
  }

  /** Resolves once all that was recorded is written, or after `limitMs`: the store may be away. */
  async written(limitMs: number): Promise<void> {
    let stopTimer = (): void => {};
    const late = new Promise<void>((resolve) => {
      stopTimer = this.#deps.clock.after(limitMs, resolve);
    });
    await Promise.race([this.#idle(), late]);
    stopTimer();
  }

  /** Writes what waits, if the store takes it within `limitMs`. */
  async close(limitMs: number): Promise<void> {
    await this.written(limitMs);
    this.#isStopped = true;
    this.#wake();
    const lost = this.#waiting.length + this.#missed;
    if (lost > 0) this.#deps.log.warn({ lost }, "events of the audit trail were not written");
    await this.#appending?.close();
  }

  async #idle(): Promise<void> {
    while (this.#writing !== undefined) await this.#writing;
  }

  #start(): void {
    this.#writing ??= this.#write().finally(() => {
      this.#writing = undefined;
      // Something may have come between the last look and now.
      if (this.#waiting.length > 0 && !this.#isStopped) this.#start();
    });
  }

  /** Never throws: whoever records has long gone on. */
  async #write(): Promise<void> {
    // So that all that happens in one turn of the loop is written at once.
    await Promise.resolve();
    while (!this.#isStopped && (this.#waiting.length > 0 || this.#missed > 0)) {
      const heads = this.#seq === 0 ? await this.#trying(this.#deps.otherHeads) : undefined;
      if (this.#seq === 0 && heads === undefined) return;
      const events = this.#waiting.slice(0, maxPerAppend);
      const missed = this.#waiting.length > maxPerAppend ? 0 : this.#missed;
      const sealed = this.#sealAll(events, { heads, missed });
      const done = await this.#trying(() => this.#append(sealed.lines));
      if (done === undefined) return;
      this.#waiting.splice(0, events.length);
      this.#missed -= missed;
      this.#seq = sealed.seq;
      this.#prev = sealed.prev;
    }
  }

  #sealAll(
    events: readonly Waiting[],
    { heads, missed }: { readonly heads: readonly AuditHead[] | undefined; readonly missed: number },
  ): { readonly lines: string; readonly seq: number; readonly prev: string } {
    const { writer: log, seal, sealId, clock } = this.#deps;
    let [seq, prev, lines] = [this.#seq, this.#prev, ""];
    const add = (
      event: Pick<AuditBody, "actor" | "action" | "target" | "details" | "heads">,
      atMs: number,
    ) => {
      seq += 1;
      const body = { log, seq, at: new Date(atMs).toISOString(), ...event, prev };
      prev = seal(sealedText(body));
      lines += lineOf({ ...body, hash: prev });
    };
    const begin = { actor: "muster", action: "audit.begin", target: log, details: { key: sealId } };
    if (heads !== undefined) add({ ...begin, heads }, clock.wallMs());
    for (const { atMs, ...event } of events) add(event, atMs);
    if (missed > 0)
      add({ actor: "muster", action: "audit.gap", target: log, details: { missed } }, clock.wallMs());
    return { lines, seq, prev };
  }

  async #append(lines: string): Promise<true> {
    const { store, writer } = this.#deps;
    this.#appending ??= store.openLog(objectKeys.auditLog(writer));
    await this.#appending.append(new TextEncoder().encode(lines));
    return true;
  }

  /** Again and again until it works; undefined once it is too late. */
  async #trying<T>(work: () => Promise<T>): Promise<T | undefined> {
    const { clock, log } = this.#deps;
    for (let failures = 0; !this.#isStopped; failures++) {
      try {
        return await work();
      } catch (error) {
        if (failures === 0)
          log.warn({ error: String(error) }, "the audit trail cannot be written: trying again");
        await new Promise<void>((resolve) => {
          const stopTimer = clock.after(
            backoffMs(retry, failures, () => 1),
            resolve,
          );
          this.#wake = () => {
            stopTimer();
            resolve();
          };
        });
      }
    }
    return undefined;
  }
}

/** Names come from outside: no record is longer than it needs to be. */
function bounded(event: AuditEvent): AuditEvent {
  const details = Object.entries(event.details ?? {})
    .slice(0, maxDetails)
    .map(([name, value]) => [name, typeof value === "string" ? value.slice(0, maxText) : value]);
  return {
    action: event.action,
    actor: event.actor.slice(0, maxText),
    target: event.target.slice(0, maxText),
    details: details.length === 0 ? undefined : Object.fromEntries(details),
  };
}
