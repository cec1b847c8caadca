import { type Background, type Log, MusterError } from "@muster/base";
import type { Finding } from "../../core/findings/finding.ts";
import { type WorkerRow, workerRow } from "../../core/live/live-rows.ts";
import type { BatchRow } from "./batch-rows.ts";
import { type Audience, KeptRows, type WordedRow } from "./kept-rows.ts";
import type { Look } from "./sampler.ts";

/** More dashboards than an office has people are somebody's mistake. */
const maxSubscribers = 200;

/** Somebody who follows the live view. */
export interface LiveSubscriber {
  /** Whose batches it may see. */
  readonly audience: Audience;
  /** False while it has yet to read what it was sent. */
  readonly hasRoom: boolean;
  /** Whether its key still counts. */
  isAllowed(): boolean;
  send(event: string): void;
  end(): void;
}

/** What is told, in the words of whoever listens: each event is worded once for all. */
export interface LiveWording {
  hello(): string;
  now(look: Look): string;
  workerRow(row: WorkerRow): string;
  batchRow(row: BatchRow): string;
  findings(findings: readonly Finding[]): string;
  /** @param rows as JSON */
  rows(kind: "workers" | "batches", rows: string): string;
}

interface FeedDeps {
  readonly wording: LiveWording;
  /** As it was looked at last. */
  readonly latest: () => Look;
  readonly batches: () => Promise<readonly BatchRow[]>;
  readonly findings: (audience: Audience) => readonly Finding[];
  readonly log: Log;
  readonly background: Background;
}

interface Follower {
  readonly subscriber: LiveSubscriber;
  /** It has to be told of all rows: it is new, or has missed some. */
  needsWorkers: boolean;
  needsBatches: boolean;
  /** As they were told last. */
  findings: string | undefined;
}

/** What is the same for all. */
interface Said {
  readonly now: string;
  readonly findings: (audience: Audience) => string;
}

/**
 * Tells those who follow the live view what has changed. Works only while there are any, and keeps nothing for those
 * who do not read: they miss changes, and are told of everything once they have room again.
 */
export class LiveFeed {
  readonly #deps: FeedDeps;
  readonly #followers = new Set<Follower>();
  readonly #workers = new KeptRows();
  #workerRows = new Map<string, { readonly row: WorkerRow; readonly worded: WordedRow }>();
  readonly #batches = new KeptRows();
  #hasBatches = false;
  #isLookingAtBatches = false;
  #isClosed = false;

  constructor(deps: FeedDeps) {
    this.#deps = deps;
  }

  get size(): number {
    return this.#followers.size;
  }

  /** Tells it of everything, and then of changes until the result is called. Throws `queue_full` and `shutting_down`. */
  subscribe(subscriber: LiveSubscriber): () => void {
    // Whoever was told to go comes back at once, over a connection that is still open.
    if (this.#isClosed) throw new MusterError("shutting_down", "The orchestrator is shutting down.");
    if (this.#followers.size >= maxSubscribers)
      throw new MusterError(
        "queue_full",
        `${maxSubscribers} dashboards and terminals follow this cluster already. Close some, and try again.`,
        { retryAfterMs: 30_000 },
      );
    const { wording, latest } = this.#deps;
    const look = latest();
    if (this.#followers.size === 0) this.#updateWorkers(look);
    const follower: Follower = { subscriber, needsWorkers: true, needsBatches: true, findings: undefined };
    this.#followers.add(follower);
    subscriber.send(wording.hello());
    this.#tell(follower, this.#said(look));
    this.#tellBatches(follower);
    this.#lookAtBatches();
    return () => this.#leave(follower);
  }

  /** Two seconds are over. */
  tick(look: Look): void {
    if (this.#followers.size === 0) return;
    for (const follower of this.#followers) {
      if (follower.subscriber.isAllowed()) continue;
      this.#leave(follower);
      follower.subscriber.end();
    }
    this.#updateWorkers(look);
    const said = this.#said(look);
    for (const follower of this.#followers) this.#tell(follower, said);
    this.#lookAtBatches();
  }

  close(): void {
    this.#isClosed = true;
    for (const { subscriber } of this.#followers) subscriber.end();
    this.#followers.clear();
  }

  #leave(follower: Follower): void {
    this.#followers.delete(follower);
    if (this.#followers.size > 0) return;
    this.#workers.clear();
    this.#workerRows.clear();
    this.#batches.clear();
    this.#hasBatches = false;
  }

  #said(look: Look): Said {
    const { wording, findings } = this.#deps;
    const texts = new Map<Audience, string>();
    return {
      now: wording.now(look),
      findings: (audience) => {
        const text = texts.get(audience) ?? wording.findings(findings(audience));
        texts.set(audience, text);
        return text;
      },
    };
  }

  #tell(follower: Follower, said: Said): void {
    const { subscriber } = follower;
    if (!subscriber.hasRoom) {
      follower.needsWorkers = true;
      follower.needsBatches = true;
      return;
    }
    const { wording } = this.#deps;
    subscriber.send(said.now);
    const rows = follower.needsWorkers ? this.#workers.full(undefined) : this.#workers.changes(undefined);
    if (rows !== undefined) subscriber.send(wording.rows("workers", rows));
    follower.needsWorkers = false;
    const findings = said.findings(subscriber.audience);
    if (findings !== follower.findings) subscriber.send(findings);
    follower.findings = findings;
  }

  #tellBatches(follower: Follower): void {
    const { subscriber } = follower;
    if (!this.#hasBatches) return;
    if (!subscriber.hasRoom) {
      follower.needsBatches = true;
      return;
    }
    const { audience } = subscriber;
    const rows = follower.needsBatches ? this.#batches.full(audience) : this.#batches.changes(audience);
    if (rows !== undefined) subscriber.send(this.#deps.wording.rows("batches", rows));
    follower.needsBatches = false;
  }

  #updateWorkers({ workers }: Look): void {
    const { wording } = this.#deps;
    const before = this.#workerRows;
    this.#workerRows = new Map();
    const worded = workers.map((worker) => {
      const known = before.get(worker.id);
      const row = workerRow(worker, known?.row);
      const kept = known?.row === row ? known : { row, worded: { id: row.id, text: wording.workerRow(row) } };
      this.#workerRows.set(row.id, kept);
      return kept.worded;
    });
    this.#workers.update(worded);
  }

  /** One at a time: a store that is slow makes rows late, and no queue. */
  #lookAtBatches(): void {
    if (this.#isLookingAtBatches) return;
    this.#isLookingAtBatches = true;
    const { batches, wording, background, log } = this.#deps;
    background.run("live-batches", async () => {
      try {
        const rows = await batches();
        if (this.#followers.size === 0) return;
        this.#batches.update(
          rows.map((row) => ({ id: row.id, tenant: row.tenant, text: wording.batchRow(row) })),
        );
        this.#hasBatches = true;
        for (const follower of this.#followers) this.#tellBatches(follower);
      } catch (error) {
        log.debug({ error: String(error) }, "batches not looked at for the live view");
      } finally {
        this.#isLookingAtBatches = false;
      }
    });
  }
}
