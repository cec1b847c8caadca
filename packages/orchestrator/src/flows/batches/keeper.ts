import { type Background, type Clock, type Log, MusterError } from "@muster/base";
import {
  type BatchEvent,
  type BatchOutcome,
  type BatchRecord,
  batchState,
} from "../../core/batches/batch.ts";
import type { CommitLedger, LedgerState } from "../../ports/commit-ledger.ts";
import type { JobQueue, LaneShare } from "../../ports/job-queue.ts";
import type { ObjectStore } from "../../ports/object-store.ts";
import type { ActiveBatch, ActiveBatches } from "./active-batches.ts";
import type { BatchStore } from "./batch-store.ts";
import type { CommitDesk } from "./commit-desk.ts";
import type { FeedGate } from "./feed-gate.ts";
import { BatchFeeder } from "./feeder.ts";
import { heldUp, type KeeperSteps, type Kept, newlyKept, nothingSealed } from "./kept-batch.ts";
import type { Progress } from "./progress.ts";

const tickMs = 500;
/** Every so many ticks the store is asked what is active, and what others have done. */
const lookEvery = 4;
const leaseMs = 10_000;
const rebuildWaitMs = 1_000;
interface KeeperDeps {
  readonly self: string;
  readonly active: ActiveBatches;
  readonly batches: BatchStore;
  readonly ledger: CommitLedger;
  readonly desk: CommitDesk;
  readonly store: ObjectStore;
  readonly queue: JobQueue;
  readonly gate: FeedGate;
  readonly progress: Progress;
  readonly clock: Clock;
  readonly log: Log;
  readonly background: Background;
  readonly slots: (model: string) => number;
  readonly shareOf: (record: BatchRecord) => LaneShare;
  readonly steps: KeeperSteps;
  /** What a batch waits for before more of its lines are fed; undefined: nothing. */
  readonly waitsFor?: ((record: BatchRecord) => Promise<string | undefined>) | undefined;
}

/**
 * Drives batches from one state to the next. Every orchestrator has a keeper; of each batch the one that holds its
 * lease takes the steps, and another takes over within seconds when it is gone.
 */
export class BatchKeeper {
  readonly #deps: KeeperDeps;
  readonly #kept = new Map<string, Kept>();
  #ticks = 0;
  #isBusy = false;
  #isStopped = false;
  #stopTimer: () => void = () => {};

  constructor(deps: KeeperDeps) {
    this.#deps = deps;
    deps.queue.onRecovered(() => this.#lanesLost());
  }

  start(): void {
    this.#stopTimer = this.#deps.clock.after(tickMs, () => this.#tick());
  }

  /** Looks at a batch now: something has happened to it. */
  poke(batchId: string): void {
    if (this.#isStopped) return;
    this.#deps.background.run("drive-batch", async () => {
      const batch = await this.#deps.active.reload(batchId);
      if (batch !== undefined) await this.#drive(batch);
    });
  }

  lineDone(batchId: string, line: number): void {
    const kept = this.#kept.get(batchId);
    if (kept?.feeder === undefined) return;
    kept.doneHere += 1;
    if (!kept.feeder.lineDone(line)) return;
    if (kept.feeder.out === 0 && kept.feeder.isAtEnd) this.poke(batchId);
    else this.#feed(batchId, kept);
  }

  /** Lines that are still to be answered, of the batches that we drive, by model. */
  remaining(): ReadonlyMap<string, number> {
    const remaining = new Map<string, number>();
    for (const [batchId, { isMine, feeder }] of this.#kept) {
      const batch = this.#deps.active.seen(batchId);
      if (!isMine || batch === undefined || batch.isOver || batch.isPaused) continue;
      const { validated } = batch.events;
      if (validated === undefined || validated.lines === 0) continue;
      const totals = this.#deps.progress.latest(batchId);
      const done = totals === undefined ? 0 : totals.completed + totals.failed;
      // A model whose lines are all done must not keep the room that the next one waits for.
      const share = Math.max(0, 1 - done / validated.lines);
      for (const { model, lines } of validated.models) {
        const left = feeder === undefined ? Math.ceil(lines * share) : lines - feeder.doneOf(model);
        if (left > 0) remaining.set(model, (remaining.get(model) ?? 0) + left);
      }
    }
    return remaining;
  }

  /** Takes no step more; what is under way is let go of, for others to take up. */
  async stop(): Promise<void> {
    this.#isStopped = true;
    this.#stopTimer();
    for (const [batchId, kept] of this.#kept) {
      kept.abort.abort();
      if (kept.isMine) await this.#deps.ledger.release(leaseName(batchId), this.#deps.self).catch(() => {});
    }
  }

  #tick(): void {
    if (this.#isStopped) return;
    this.#stopTimer = this.#deps.clock.after(tickMs, () => this.#tick());
    this.#ticks += 1;
    for (const { feeder } of this.#kept.values()) feeder?.tick();
    if (this.#ticks % lookEvery === 0) this.#renewLeases();
    if (this.#isBusy) return;
    this.#isBusy = true;
    this.#deps.background.run("keep-batches", async () => {
      try {
        const { active } = this.#deps;
        const batches = this.#ticks % lookEvery === 1 ? await active.refresh() : active.all();
        for (const batchId of this.#kept.keys()) if (active.seen(batchId) === undefined) this.#drop(batchId);
        await Promise.all(batches.map((batch) => this.#drive(batch)));
      } catch (error) {
        this.#deps.log.warn({ error: String(error) }, "batches not looked at");
      } finally {
        this.#isBusy = false;
      }
    });
  }

  /** Beside everything else: a look at many batches, or a slow store, must not cost us what we drive. */
  #renewLeases(): void {
    const { ledger, self, background } = this.#deps;
    for (const [batchId, { isMine }] of this.#kept) {
      if (!isMine) continue;
      background.run("renew-lease", () => ledger.lease(leaseName(batchId), self, leaseMs).catch(() => false));
    }
  }

  async #drive(seen: ActiveBatch): Promise<void> {
    const { ledger, self, clock } = this.#deps;
    const { id } = seen.record;
    const kept = this.#keptOf(id);
    try {
      const wasMine = kept.isMine;
      kept.isMine = !this.#isStopped && (await ledger.lease(leaseName(id), self, leaseMs));
      if (!kept.isMine) return this.#standBack(seen, kept);
      // Whoever had it before us may have gone further than we have seen.
      const batch = wasMine ? seen : await this.#deps.active.reload(id);
      if (batch === undefined) return;
      // Nobody wants to know any more whether its lines are good.
      if (kept.step === "ingest" && batch.isOver) kept.abort.abort();
      if (kept.step !== undefined || clock.nowMs() < kept.notBeforeMs) return;
      await this.#advance(batch, kept);
      if (kept.step === undefined) kept.failures = 0;
    } catch (error) {
      this.#failed(id, kept, error);
    }
  }

  /** Another drives it. We watch, so that people who ask us get an answer. */
  async #standBack({ record, events }: ActiveBatch, kept: Kept): Promise<void> {
    kept.feeder = undefined;
    if (events.validated === undefined) return;
    const state = await this.#deps.ledger.state(record.id);
    if (state !== undefined) this.#deps.progress.note(record.id, state.totals);
  }

  async #advance(batch: ActiveBatch, kept: Kept): Promise<void> {
    const { record, events } = batch;
    const { id } = record;
    const { clock, steps } = this.#deps;
    switch (batchState(events)) {
      case "validating":
        if (clock.wallMs() >= record.expiresAtMs) return this.#end(id, "expired");
        return this.#take("ingest", batch, kept, () => steps.ingest(batch, kept.abort.signal));
      case "in_progress":
        return this.#keepGoing(batch, kept);
      case "cancelling":
        if (events.finalizing === undefined) return this.#end(id, "cancelled");
        return this.#finalize(batch, kept);
      case "finalizing":
        return this.#finalize(batch, kept);
      case "failed":
      case "completed":
      case "expired":
      case "cancelled":
        // Whoever wrote its last event may not have got further.
        steps.stateChanged(batch);
        return this.#putAway(batch);
    }
  }

  async #keepGoing(batch: ActiveBatch, kept: Kept): Promise<void> {
    const { ledger, clock, progress } = this.#deps;
    const { record, events, isPaused } = batch;
    const lines = events.validated?.lines ?? 0;
    const state = await ledger.state(record.id);
    if (state === undefined) return this.#rebuild(batch, kept);
    progress.note(record.id, state.totals);
    const done = state.totals.completed + state.totals.failed;
    if (done >= lines) return this.#end(record.id, "completed");
    if (clock.wallMs() >= record.expiresAtMs) return this.#end(record.id, "expired");
    if (isPaused || (await this.#deps.waitsFor?.(record)) !== undefined) {
      // Whoever takes a line of it out of the lane lets go of it: what is in the lanes must be put again.
      kept.feeder = undefined;
      return;
    }
    const feeder = await this.#feederOf(batch, kept, state);
    if (done !== kept.doneHere) {
      // Others have a part in it: what of ours is done, only the ledger knows.
      feeder.noteDone(await ledger.done(record.id));
      kept.doneHere = done;
    }
    if (this.#ticks % lookEvery === 0) await feeder.putAgain(false);
    await this.#feedNow(kept);
  }

  async #feederOf({ record, events }: ActiveBatch, kept: Kept, state: LedgerState): Promise<BatchFeeder> {
    if (kept.feeder?.gen === state.gen) return kept.feeder;
    const models = (events.validated?.models ?? []).map(({ model }) => model);
    const done = await this.#deps.ledger.done(record.id);
    kept.feeder = new BatchFeeder(this.#deps, { record, models, lines: state.lines, gen: state.gen, done });
    kept.doneHere = state.totals.completed + state.totals.failed;
    return kept.feeder;
  }

  #feed(batchId: string, kept: Kept): void {
    const batch = this.#deps.active.seen(batchId);
    if (batch === undefined || batch.isOver || batch.isPaused || !kept.isMine || this.#isStopped) return;
    this.#deps.background.run("feed-batch", () =>
      this.#feedNow(kept).catch((error: unknown) => this.#failed(batchId, kept, error)),
    );
  }

  async #feedNow({ feeder }: Kept): Promise<void> {
    if (feeder !== undefined && (await this.#deps.gate.isOpen())) await feeder.feed();
  }

  async #rebuild(batch: ActiveBatch, kept: Kept): Promise<void> {
    const { id } = batch.record;
    const lines = batch.events.validated?.lines ?? 0;
    await this.#take("rebuild", batch, kept, async () => {
      const gen = await this.#deps.steps.rebuild(id, lines);
      // Somebody else is at it: they get a moment.
      if (gen === undefined) kept.notBeforeMs = this.#deps.clock.nowMs() + rebuildWaitMs;
      return undefined;
    });
  }

  async #finalize(batch: ActiveBatch, kept: Kept): Promise<void> {
    const { desk, steps, clock } = this.#deps;
    const { record, events } = batch;
    await this.#take("finalize", batch, kept, async () => {
      if (events.validated === undefined) return nothingSealed(clock.wallMs());
      await desk.release(record.id);
      return steps.finalize(batch);
    });
  }

  /** From here on no line is committed: on disk first, then in the ledger. */
  async #end(batchId: string, outcome: BatchOutcome): Promise<void> {
    await this.#write(batchId, { kind: "finalizing", atMs: this.#deps.clock.wallMs(), outcome });
    this.poke(batchId);
  }

  /** Runs a long step while the ticks go on; its event is written at the end. */
  async #take(
    step: NonNullable<Kept["step"]>,
    { record: { id } }: ActiveBatch,
    kept: Kept,
    run: () => Promise<BatchEvent | undefined>,
  ): Promise<void> {
    // Two looks at a time can come to the same conclusion.
    if (kept.step !== undefined) return;
    kept.step = step;
    kept.feeder = undefined;
    const abort = new AbortController();
    kept.abort = abort;
    this.#deps.background.run(step, async () => {
      try {
        const event = await run();
        if (event !== undefined) await this.#write(id, event);
        kept.failures = 0;
      } catch (error) {
        if (!abort.signal.aborted) this.#failed(id, kept, error);
      } finally {
        kept.step = undefined;
        this.poke(id);
      }
    });
  }

  async #write(batchId: string, event: BatchEvent): Promise<void> {
    await this.#deps.batches.writeEvent(batchId, event);
    const batch = await this.#deps.active.reload(batchId);
    if (batch === undefined) return;
    this.#deps.log.info({ batchId, state: batchState(batch.events) }, "batch moved on");
    this.#deps.steps.stateChanged(batch);
    if (event.kind !== "sealed" && event.kind !== "failed") return;
    this.#deps.steps.ended?.(batch);
    await this.#putAway(batch);
  }

  async #putAway({ record: { id } }: ActiveBatch): Promise<void> {
    const { batches, ledger, desk, self } = this.#deps;
    await batches.deactivate(id);
    await desk.release(id);
    await ledger.forget(id);
    await ledger.release(leaseName(id), self);
    this.#drop(id);
  }

  #drop(batchId: string): void {
    this.#kept.get(batchId)?.abort.abort();
    this.#kept.delete(batchId);
    this.#deps.progress.forget(batchId);
  }

  #failed(batchId: string, kept: Kept, error: unknown): void {
    const { code, message } = MusterError.from(error);
    const waitMs = heldUp(kept, this.#deps.clock.nowMs());
    this.#deps.log.warn({ batchId, code, error: message, waitMs }, "batch held up");
  }

  /** The store was away: what was put into the lanes last may be lost. */
  #lanesLost(): void {
    for (const [batchId, kept] of this.#kept) {
      const { feeder } = kept;
      if (feeder === undefined || !kept.isMine) continue;
      this.#deps.background.run("put-again", () =>
        feeder.putAgain(true).catch((error: unknown) => this.#failed(batchId, kept, error)),
      );
    }
  }

  #keptOf(batchId: string): Kept {
    const kept = this.#kept.get(batchId) ?? newlyKept();
    this.#kept.set(batchId, kept);
    return kept;
  }
}

function leaseName(batchId: string): string {
  return `batch-${batchId}`;
}
