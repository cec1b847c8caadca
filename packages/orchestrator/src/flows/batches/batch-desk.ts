import { type Clock, MusterError, pause } from "@muster/base";
import {
  type BatchEvents,
  type BatchRecord,
  batchState,
  isTerminal,
  noUsage,
} from "../../core/batches/batch.ts";
import type { PlanReport } from "../../core/batches/plan-report.ts";
import type { WebhookNews } from "../../core/batches/webhook-event.ts";
import type { ExpectedHour } from "../../core/fleet/expected-slots.ts";
import type { BatchAsked, Batches, BatchView, ResultsPage } from "../../ports/batches.ts";
import type { CommitLedger, LedgerTotals } from "../../ports/commit-ledger.ts";
import type { Digest } from "../../ports/digest.ts";
import type { ObjectStore } from "../../ports/object-store.ts";
import type { BatchStore } from "./batch-store.ts";
import type { FeedGate } from "./feed-gate.ts";
import type { FileStore } from "./file-store.ts";
import { inputFile } from "./input-file.ts";
import type { Progress } from "./progress.ts";
import { tailResults } from "./results-tail.ts";

/** While somebody waits for results, they are looked for this often. */
const resultPollMs = 250;
/** Each reads a whole file, which people who wait for answers would notice. */
const maxPlans = 2;

interface BatchDeskDeps {
  readonly batches: BatchStore;
  readonly files: FileStore;
  readonly ledger: CommitLedger;
  readonly store: ObjectStore;
  readonly digest: Digest;
  readonly progress: Progress;
  /** Of a model, everywhere. */
  readonly slots: (model: string) => number;
  /** What is expected of the workers for these models, by what they have now. */
  readonly expected: (models: readonly string[]) => readonly ExpectedHour[];
  readonly gate: FeedGate;
  /** What the month of its key keeps a batch from. */
  readonly monthWaits: (record: BatchRecord) => Promise<string | undefined>;
  readonly clock: Clock;
  /** Something has happened to a batch: whoever drives it should look. */
  readonly poke: (batchId: string) => void;
  /** Why a webhook may not be sent there; undefined where it may. */
  readonly webhookRefusal: (url: string) => string | undefined;
  readonly plan: (tenant: string, asked: Parameters<Batches["plan"]>[1]) => Promise<PlanReport>;
  /** Throws `invalid_request`. */
  readonly windowMs: (text: string) => number;
  readonly stateChanged: (record: BatchRecord, news: WebhookNews) => void;
}

interface LoadedBatch {
  readonly record: BatchRecord;
  readonly events: BatchEvents;
  readonly isPaused: boolean;
}

/** What people do with batches. Batches of another tenant are not there. */
export class BatchDesk implements Batches {
  readonly #deps: BatchDeskDeps;
  #plans = 0;

  constructor(deps: BatchDeskDeps) {
    this.#deps = deps;
  }

  /** Throws `not_found` for the file, `invalid_request` for one that is no input. */
  async create(asked: BatchAsked): Promise<BatchView> {
    const { files, batches, poke, webhookRefusal } = this.#deps;
    const windowMs = this.#deps.windowMs(asked.completionWindow);
    await inputFile(files, asked.tenant, asked.inputFileId);
    const { webhookUrl } = asked.options;
    const refusal = webhookUrl === undefined ? undefined : webhookRefusal(webhookUrl);
    if (refusal !== undefined)
      throw new MusterError("invalid_request", refusal, { param: "muster.webhook_url" });
    const record = await batches.create({ ...asked, windowMs });
    poke(record.id);
    return this.view(asked.tenant, record.id);
  }

  /** Throws `not_found`. */
  async view(tenant: string, batchId: string): Promise<BatchView> {
    const loaded = await this.#load(tenant, batchId);
    return this.#viewOf(loaded);
  }

  /** Newest first. */
  async list(
    tenant: string,
    page: { readonly after: string | undefined; readonly limit: number },
  ): Promise<{ readonly views: readonly BatchView[]; readonly hasMore: boolean }> {
    const { records, hasMore } = await this.#deps.batches.list(tenant, page);
    const loaded = await Promise.all(records.map(({ id }) => this.#deps.batches.load(id)));
    const views = loaded.flatMap((batch) => (batch === undefined ? [] : [this.#viewOf(batch)]));
    return { views: await Promise.all(views), hasMore };
  }

  /** Lines that are answered stay answered; what runs is stopped. Throws `invalid_request` for one that is over. */
  async cancel(tenant: string, batchId: string): Promise<BatchView> {
    const { batches, clock, poke, stateChanged } = this.#deps;
    const { record, events } = await this.#load(tenant, batchId);
    requireUnfinished(batchId, events, "cancelled");
    if (events.cancelling === undefined && events.finalizing === undefined) {
      await batches.writeEvent(batchId, { kind: "cancelling", atMs: clock.wallMs() });
      stateChanged(record, "cancelling");
      poke(batchId);
    }
    return this.view(tenant, batchId);
  }

  async pause(tenant: string, batchId: string): Promise<BatchView> {
    return this.#setPaused(tenant, batchId, true);
  }

  async resume(tenant: string, batchId: string): Promise<BatchView> {
    return this.#setPaused(tenant, batchId, false);
  }

  /** Lines that were committed after `cursor`, in the order of their commits; waits for some where there are none. */
  async results(
    tenant: string,
    batchId: string,
    ask: {
      readonly cursor: string | undefined;
      readonly maxBytes: number;
      readonly waitMs: number;
      readonly signal: AbortSignal;
    },
  ): Promise<ResultsPage> {
    const { store, digest, clock } = this.#deps;
    const untilMs = clock.nowMs() + ask.waitMs;
    let cursor = ask.cursor;
    for (;;) {
      const state = batchState((await this.#load(tenant, batchId)).events);
      const page = await tailResults({ store, digest }, { batchId, maxBytes: ask.maxBytes, cursor });
      cursor = page.cursor;
      const isOver = isTerminal(state) || clock.nowMs() >= untilMs || ask.signal.aborted;
      if (page.lines.length > 0 || isOver) return { ...page, state };
      await pause(clock, resultPollMs, ask.signal);
    }
  }

  async plan(tenant: string, asked: Parameters<Batches["plan"]>[1]): Promise<PlanReport> {
    if (this.#plans >= maxPlans) {
      throw new MusterError("queue_full", "Other plans are being made. Try again in a moment.", {
        retryAfterMs: 5_000,
      });
    }
    this.#plans += 1;
    try {
      return await this.#deps.plan(tenant, asked);
    } finally {
      this.#plans -= 1;
    }
  }

  async #setPaused(tenant: string, batchId: string, isPaused: boolean): Promise<BatchView> {
    const { batches, poke, stateChanged } = this.#deps;
    const batch = await this.#load(tenant, batchId);
    requireUnfinished(batchId, batch.events, isPaused ? "paused" : "resumed");
    if (batch.isPaused !== isPaused) {
      await batches.setPaused(batchId, isPaused);
      stateChanged(batch.record, isPaused ? "paused" : "resumed");
      poke(batchId);
    }
    return this.view(tenant, batchId);
  }

  async #load(tenant: string, batchId: string) {
    const loaded = await this.#deps.batches.load(batchId);
    if (loaded === undefined || loaded.record.tenant !== tenant) throw notFound(batchId);
    return loaded;
  }

  async #viewOf(batch: LoadedBatch): Promise<BatchView> {
    const { record, events, isPaused } = batch;
    const state = batchState(events);
    return {
      record,
      events,
      state,
      ...(await this.look(batch)),
      isPaused,
      waitsFor: state === "in_progress" ? await this.#waitsFor(record, events) : undefined,
    };
  }

  /** How far a batch is, by what is known of it already: one look into the ledger. */
  async look({
    record,
    events,
    isPaused,
  }: LoadedBatch): Promise<Pick<BatchView, "counts" | "usage" | "cachedLines" | "forecast">> {
    const totals = await this.#totals(record.id, events);
    const total = events.validated?.lines ?? 0;
    const remaining = total - totals.completed - totals.failed;
    const isMoving = batchState(events) === "in_progress" && !isPaused;
    const { progress } = this.#deps;
    return {
      counts: events.sealed?.counts ?? { total, completed: totals.completed, failed: totals.failed },
      usage: totals.usage,
      cachedLines: totals.cachedLines,
      forecast: isMoving ? progress.forecast(record.id, remaining, this.#expected(events)) : undefined,
    };
  }

  async #waitsFor(record: BatchRecord, events: BatchEvents): Promise<string | undefined> {
    const { gate, monthWaits } = this.#deps;
    // Who asks gets an answer while the store is away.
    const month = () => monthWaits(record).catch(() => undefined);
    return gate.waitsFor ?? (await month()) ?? this.#missingWorkers(events);
  }

  #expected({ validated }: BatchEvents): readonly ExpectedHour[] {
    return this.#deps.expected((validated?.models ?? []).map(({ model }) => model));
  }

  /** Nothing is wrong with that: they come when their owners have gone. */
  #missingWorkers({ validated }: BatchEvents): string | undefined {
    const models = (validated?.models ?? []).filter(({ model }) => this.#deps.slots(model) === 0);
    if (models.length === 0) return undefined;
    const names = models.slice(0, 3).map(({ model }) => model);
    const more = models.length > names.length ? ` and ${models.length - names.length} more` : "";
    return `workers: nobody serves ${names.join(", ")}${more} now`;
  }

  /** As the seal has them, or the ledger; while that is away as it had them last: what was done stays done. */
  async #totals(batchId: string, { sealed, validated }: BatchEvents): Promise<LedgerTotals> {
    if (sealed !== undefined) {
      const { counts, usage, cachedLines } = sealed;
      return { completed: counts.completed, failed: counts.failed, usage, cachedLines };
    }
    const state =
      validated === undefined ? undefined : await this.#deps.ledger.state(batchId).catch(() => undefined);
    const { progress } = this.#deps;
    if (state !== undefined) progress.note(batchId, state.totals);
    return progress.latest(batchId) ?? { completed: 0, failed: 0, usage: noUsage, cachedLines: 0 };
  }
}

function requireUnfinished(batchId: string, events: BatchEvents, what: string): void {
  const state = batchState(events);
  if (!isTerminal(state)) return;
  throw new MusterError(
    "invalid_request",
    `The batch "${batchId}" is ${state} already: it cannot be ${what}.`,
  );
}

function notFound(batchId: string): MusterError {
  return new MusterError("not_found", `There is no batch "${batchId.slice(0, 64)}".`);
}
