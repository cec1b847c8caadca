import { type Clock, type Log, MusterError } from "@muster/base";
import { objectKeys } from "../../core/batches/keys.ts";
import type { LineResult, LineToken } from "../../core/batches/line-result.ts";
import { type LineFailure, lineVerdict } from "../../core/batches/line-retry-rule.ts";
import type { LineRef } from "../../core/job.ts";
import type { Lane } from "../../core/lane.ts";
import type { Claim, CommitLedger } from "../../ports/commit-ledger.ts";
import type { FleetRegistry } from "../fleet-registry.ts";
import type { LineRuns } from "../lane-control.ts";
import type { ActiveBatch, ActiveBatches } from "./active-batches.ts";
import type { LineAnswer, LineAnswerer, StartedLine, WholeEnd } from "./answer-line.ts";
import type { CommitDesk } from "./commit-desk.ts";
import { HedgedTries, type LineTry } from "./hedged-tries.ts";
import { Hedger } from "./hedger.ts";
import { type LineText, parseLineText } from "./line-text.ts";

/** How long a store that is away is waited for before it is asked again. */
const storeRetryMs = { first: 200, most: 5_000 };
/** A wait that is longer is spent in the lane, where it holds nothing. */
const longestWaitHereMs = 1_000;
/** A line that waits for a slot of a model that nobody here serves any more goes back to the lane after this. */
const strandedCheckMs = 1_000;

/** A line that is being answered here. */
interface RunningLine {
  readonly lane: Lane;
  readonly ref: LineRef;
  readonly batch: ActiveBatch;
  /** Why it is to be let go of. */
  readonly abort: AbortController;
  /** Nothing of it has a slot yet. */
  isWaiting: boolean;
  /** While it is tried: where, since when (monotonic), and how another try is begun. */
  tried: { readonly workerId: string; readonly sinceMs: number } | undefined;
  hedge: (() => void) | undefined;
  hedges: number;
}

export interface LineRunnerEvents {
  /** A line was answered for good; by us or, as a claim has shown, by somebody else. */
  lineDone(batchId: string, line: number): void;
  /** A line goes back to its lane. */
  giveBack(lane: Lane, ref: LineRef, delayMs: number): Promise<void>;
  committed(model: string, result: LineResult): void;
}

interface LineRunnerDeps {
  readonly active: ActiveBatches;
  readonly ledger: CommitLedger;
  readonly desk: CommitDesk;
  readonly answerer: LineAnswerer;
  readonly input: { read(key: string, offset: number, length: number): Promise<Uint8Array> };
  readonly clock: Clock;
  readonly log: Log;
  /** 0 to 1, for jitter. */
  readonly random: () => number;
  readonly fleet: FleetRegistry;
}

/** Takes lines of batches out of the lanes and brings each to one committed answer, or gives it back. */
export class LineRunner implements LineRuns {
  readonly #deps: LineRunnerDeps;
  readonly #running = new Map<string, RunningLine>();
  readonly #hedger = new Hedger();
  #events: LineRunnerEvents = {
    lineDone() {},
    giveBack: async () => {},
    committed() {},
  };
  #isStopping = false;
  #stopChecking: () => void;

  constructor(deps: LineRunnerDeps) {
    this.#deps = deps;
    this.#stopChecking = deps.clock.after(strandedCheckMs, () => this.#check());
  }

  /** Sets who is told; called once, by the composition. */
  notify(events: LineRunnerEvents): void {
    this.#events = events;
  }

  get size(): number {
    return this.#running.size;
  }

  /** Runs one line to its end here; resolves when its job in the lane is done with. Never rejects. */
  async run(lane: Lane, ref: LineRef): Promise<void> {
    const name = `${ref.batchId}.${ref.line}`;
    if (this.#running.has(name)) return;
    let running: RunningLine | undefined;
    try {
      const batch = await this.#deps.active.get(ref.batchId);
      if (batch === undefined || batch.isOver || batch.isPaused) return;
      if (this.#isStopping) return await this.#giveBack(lane, ref, 0);
      if (this.#running.has(name)) return;
      running = {
        lane,
        ref,
        batch,
        abort: new AbortController(),
        isWaiting: true,
        tried: undefined,
        hedge: undefined,
        hedges: 0,
      };
      this.#running.set(name, running);
      await this.#answer(running);
    } catch (error) {
      this.#deps.log.error({ batchId: ref.batchId, line: ref.line, error: String(error) }, "line not run");
      await this.#giveBack(lane, ref, longestWaitHereMs * 5);
    } finally {
      if (running !== undefined) this.#running.delete(name);
    }
  }

  /** Lets go of what waits for a slot; what runs goes on. Nothing new is begun. */
  stop(): void {
    this.#isStopping = true;
    this.#stopChecking();
    for (const { isWaiting, abort } of this.#running.values()) if (isWaiting) abort.abort();
  }

  /** The lines of this batch are to be run no more. */
  batchOver(batchId: string): void {
    for (const { ref, abort } of this.#running.values()) if (ref.batchId === batchId) abort.abort();
  }

  /** Lets go of everything that runs here: the lines go back to their lanes. */
  cutOff(): void {
    for (const { abort } of this.#running.values()) abort.abort();
  }

  /** A result that was worked out for another orchestrator, or for us before we lost its worker. */
  async late(ref: LineRef, token: LineToken, whole: WholeEnd): Promise<void> {
    const batch = await this.#deps.active.get(ref.batchId);
    if (batch === undefined || batch.isOver) return;
    const text = await this.#read(batch, ref);
    const model = modelOf(text.body);
    const started = this.#deps.answerer.begin({ ...ref, record: batch.record, model, text });
    const answer = started.late(token, whole);
    if (answer !== undefined)
      await this.#commit(ref, { token, ...answer }, { model, signal: new AbortController().signal });
  }

  async #answer(running: RunningLine): Promise<void> {
    const { ref, batch, lane } = running;
    const { answerer, ledger, clock, random, log } = this.#deps;
    const { signal } = running.abort;
    const place = { model: lane.model, signal };
    let claim = await this.#claim(ref, signal);
    if (claim === undefined) return this.#letGo(running, 0);
    if (claim.kind !== "claimed") return this.#notClaimed(running, claim.kind);
    const failures: LineFailure[] = claim.crashedOn.map((workerId) => ({ kind: "engine_crashed", workerId }));
    const text = await this.#read(batch, ref);
    const started = answerer.begin({ ...ref, record: batch.record, model: lane.model, text });
    for (;;) {
      const { outcome, token } = await this.#tryHedged(running, started, claim.token, failures);
      if (outcome.kind === "answered") {
        if (running.tried !== undefined) this.#hedger.note(lane.model, clock.nowMs() - running.tried.sinceMs);
        const isOver = await this.#commit(ref, { token, ...outcome.answer }, place);
        outcome.acknowledge();
        if (!isOver) await this.#letGo(running, longestWaitHereMs);
        return;
      }
      if (signal.aborted) return this.#letGo(running, 0);
      failures.push(outcome.failure);
      if (outcome.failure.kind === "engine_crashed")
        await ledger.crashed(ref.batchId, ref.line, outcome.failure.workerId ?? "");
      const verdict = lineVerdict(failures, {
        nowMs: clock.wallMs(),
        deadlineMs: batch.record.expiresAtMs,
        random: random(),
      });
      if (verdict.kind === "leave") return;
      if (verdict.kind === "answer-with-error") {
        const { code, message, param } = verdict;
        const error = new MusterError(code, message, param === undefined ? {} : { param });
        const failure = started.fail(error, token);
        if (!(await this.#commit(ref, { token, ...failure }, place))) await this.#letGo(running, 0);
        return;
      }
      log.info(
        { batchId: ref.batchId, line: ref.line, epoch: token.epoch, failure: outcome.failure.kind },
        "line to be tried again",
      );
      if (verdict.afterMs > longestWaitHereMs) return this.#letGo(running, verdict.afterMs);
      await this.#pause(verdict.afterMs, signal);
      claim = await this.#claim(ref, signal);
      if (claim === undefined) return this.#letGo(running, 0);
      if (claim.kind !== "claimed") return this.#notClaimed(running, claim.kind);
    }
  }

  /** Tries a line; at the tail of a batch, when others are long done, on a second worker as well. */
  async #tryHedged(
    running: RunningLine,
    started: StartedLine,
    token: LineToken,
    failures: readonly LineFailure[],
  ): Promise<LineTry> {
    const { ledger, clock, log } = this.#deps;
    const { ref, abort } = running;
    const tries = new AbortController();
    const stop = () => tries.abort();
    abort.signal.addEventListener("abort", stop, { once: true });
    if (abort.signal.aborted) stop();
    const begin = async (line: StartedLine, under: LineToken, known: readonly LineFailure[]) => {
      const onSlot = (workerId: string | undefined) => {
        running.isWaiting = workerId === undefined && running.hedges === 0;
        if (running.hedges === 0 && workerId !== undefined)
          running.tried = { workerId, sinceMs: clock.nowMs() };
      };
      const outcome = await line.attempt(under, { signal: tries.signal, failures: known, onSlot });
      return { outcome, token: under };
    };
    running.tried = undefined;
    const hedged = new HedgedTries(begin(started, token, failures));
    running.hedge = () => {
      running.hedges += 1;
      running.hedge = undefined;
      const workerId = running.tried?.workerId ?? "";
      const second = async (): Promise<LineTry> => {
        const claim = await ledger.claim(ref.batchId, ref.line, ref.gen);
        if (claim.kind !== "claimed" || hedged.isSettled)
          return { token, outcome: { kind: "failed", failure: { kind: "preempted" } } };
        log.info(
          { batchId: ref.batchId, line: ref.line },
          "a line that takes long is tried elsewhere as well",
        );
        return begin(started.again(), claim.token, [...failures, { kind: "worker_lost", workerId }]);
      };
      hedged.add(second());
    };
    try {
      return await hedged.result;
    } finally {
      abort.signal.removeEventListener("abort", stop);
      // The slower of two tries; an abort is not cheap, so only where there is one.
      if (running.hedges > 0) stop();
      running.hedge = undefined;
      running.hedges = 0;
    }
  }

  /** Asks until the store answers. Undefined when the line is to be let go of meanwhile. */
  async #claim(ref: LineRef, signal: AbortSignal): Promise<Claim | undefined> {
    for (let waitMs = storeRetryMs.first; ; waitMs = Math.min(waitMs * 2, storeRetryMs.most)) {
      if (signal.aborted) return undefined;
      try {
        return await this.#deps.ledger.claim(ref.batchId, ref.line, ref.gen);
      } catch {
        await this.#pause(waitMs, signal);
      }
    }
  }

  #notClaimed({ ref }: RunningLine, why: Exclude<Claim["kind"], "claimed">): void {
    // With a newer generation the line comes again; whoever drives the batch sees to that.
    if (why === "done") this.#events.lineDone(ref.batchId, ref.line);
  }

  async #read(batch: ActiveBatch, ref: LineRef): Promise<LineText> {
    const key = objectKeys.fileContent(batch.record.inputFileId);
    return parseLineText(await this.#deps.input.read(key, ref.offset, ref.length));
  }

  /**
   * Brings a result into the ledger; a store that is full or away holds it here until there is room, and with it the
   * place in the lane. True when the line is over with, false when it must be run again.
   */
  async #commit(
    ref: LineRef,
    answer: LineAnswer & { readonly token: LineToken },
    { model, signal }: { readonly model: string; readonly signal: AbortSignal },
  ): Promise<boolean> {
    const { desk, log } = this.#deps;
    const result: LineResult = { line: ref.line, ...answer };
    for (let waitMs = storeRetryMs.first; ; waitMs = Math.min(waitMs * 2, storeRetryMs.most)) {
      try {
        const verdict = await desk.submit(ref.batchId, result);
        switch (verdict) {
          case "ok":
            this.#events.committed(model, result);
            this.#events.lineDone(ref.batchId, ref.line);
            return true;
          case "already":
          case "lost":
            this.#events.lineDone(ref.batchId, ref.line);
            return true;
          case "closed":
          // What is written will be found when the ledger is built again.
          case "stale":
            return true;
          case "fenced":
          case "unknown":
            return false;
          default:
            return verdict satisfies never;
        }
      } catch (error) {
        const { code } = MusterError.from(error);
        if ((code !== "store_full" && code !== "store_unavailable") || signal.aborted) throw error;
        log.warn({ batchId: ref.batchId, line: ref.line, code, waitMs }, "result not written yet");
        await this.#pause(waitMs, signal);
      }
    }
  }

  /** The line is not answered: it goes back to its lane, unless its batch wants it no more. */
  async #letGo({ lane, ref }: RunningLine, delayMs: number): Promise<void> {
    if (this.#deps.active.seen(ref.batchId)?.isOver === false) await this.#giveBack(lane, ref, delayMs);
  }

  async #giveBack(lane: Lane, ref: LineRef, delayMs: number): Promise<void> {
    try {
      await this.#events.giveBack(lane, { ...ref, round: ref.round + 1 }, delayMs);
    } catch (error) {
      // The feeder finds it: it is not done, and not in the lane.
      this.#deps.log.debug({ batchId: ref.batchId, line: ref.line, error: String(error) }, "not given back");
    }
  }

  /** Lets go of lines that wait for a slot where nobody is left who has one; looks for stragglers. */
  #check(): void {
    this.#stopChecking = this.#deps.clock.after(strandedCheckMs, () => this.#check());
    const { fleet, clock } = this.#deps;
    const running = [...this.#running.values()];
    for (const { isWaiting, lane, abort } of running)
      if (isWaiting && fleet.slots(lane.model) === 0) abort.abort();
    if (running.length === 0) return;
    const lines = running.map((line) => ({ ...line, model: line.lane.model }));
    this.#hedger.look(lines, fleet.workers(), clock.nowMs());
  }

  /** Resolves after a while, or at once when the signal fires. */
  #pause(ms: number, signal: AbortSignal): Promise<void> {
    return new Promise((resolve) => {
      const done = () => {
        stop();
        signal.removeEventListener("abort", done);
        resolve();
      };
      const stop = this.#deps.clock.after(ms, done);
      if (signal.aborted) done();
      else signal.addEventListener("abort", done, { once: true });
    });
  }
}

function modelOf(body: unknown): string {
  return typeof body === "object" && body !== null && "model" in body ? String(body.model) : "";
}
