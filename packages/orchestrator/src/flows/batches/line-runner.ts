import { type Clock, type Log, MusterError } from "@muster/base";
import type { BatchRecord } from "../../core/batches/batch.ts";
import { objectKeys } from "../../core/batches/keys.ts";
import type { LineResult, LineToken } from "../../core/batches/line-result.ts";
import { type LineFailure, type LineVerdict, lineVerdict } from "../../core/batches/line-retry-rule.ts";
import { type LineRef, type LinesRef, linesOf } from "../../core/job.ts";
import type { Lane } from "../../core/lane.ts";
import type { Claim, CommitLedger } from "../../ports/commit-ledger.ts";
import type { Digest } from "../../ports/digest.ts";
import type { Tracer } from "../../ports/tracer.ts";
import type { FleetRegistry } from "../fleet-registry.ts";
import type { LineRuns } from "../lane-control.ts";
import type { ActiveBatch, ActiveBatches } from "./active-batches.ts";
import type { LineAnswer, LineAnswerer, StartedLine, WholeEnd } from "./answer-line.ts";
import { Hedger } from "./hedger.ts";
import { lineIds } from "./line-body.ts";
import type { LineCommits } from "./line-commits.ts";
import { beginLineSpan, type LineSpan } from "./line-span.ts";
import { type LineText, parseLineText } from "./line-text.ts";
import { Stop } from "./stop.ts";
import { type RunningLine, tryHedged } from "./try-hedged.ts";

/** A wait that is longer is spent in the lane, where it holds nothing. */
const longestWaitHereMs = 1_000;
/** A line that failed here for reasons of ours. */
const brokenWaitMs = 5_000;
/** For one that no replica here can take. */
const ableWaitMs = 5_000;
/** How often lines that nobody here can run, and stragglers, are looked for. */
const checkMs = 1_000;

export interface LineRunnerEvents {
  /** A line was answered for good; by us or, as a claim has shown, by somebody else. */
  lineDone(batchId: string, line: number): void;
  /** A line goes back to its lane. */
  giveBack(lane: Lane, ref: LineRef, delayMs: number): Promise<void>;
  /** The answer of a line was taken: once for each line. */
  committed(record: BatchRecord, model: string, result: LineResult): void;
}

interface LineToCommit extends Pick<RunningLine, "ref" | "model" | "stop"> {
  readonly record: BatchRecord;
  readonly span?: LineSpan | undefined;
}

interface LineRunnerDeps {
  readonly active: ActiveBatches;
  readonly ledger: CommitLedger;
  readonly commits: LineCommits;
  readonly answerer: LineAnswerer;
  readonly input: { read(key: string, offset: number, length: number): Promise<Uint8Array> };
  readonly fleet: FleetRegistry;
  readonly digest: Digest;
  /** Undefined: traces are off. */
  readonly tracer?: Tracer | undefined;
  /** What a batch waits for before more of its lines are begun; undefined: nothing. */
  readonly waitsFor?: ((record: BatchRecord) => Promise<string | undefined>) | undefined;
  readonly clock: Clock;
  readonly log: Log;
  /** 0 to 1, for jitter. */
  readonly random: () => number;
  /** Whether stragglers are tried on a second worker as well. */
  readonly hedges: boolean;
}

/** Takes lines of batches out of the lanes and brings each to one committed answer, or gives it back. */
export class LineRunner implements LineRuns {
  readonly #deps: LineRunnerDeps;
  readonly #running = new Map<string, RunningLine>();
  readonly #hedger = new Hedger();
  #events: LineRunnerEvents = { lineDone() {}, giveBack: async () => {}, committed() {} };
  readonly #lateStop = new Stop();
  #isStopping = false;
  #stopChecking: () => void;

  constructor(deps: LineRunnerDeps) {
    this.#deps = deps;
    this.#stopChecking = deps.clock.after(checkMs, () => this.#check());
  }

  /** Sets who is told; called once, by the composition. */
  notify(events: LineRunnerEvents): void {
    this.#events = events;
  }

  get size(): number {
    return this.#running.size;
  }

  /** The models of the lines that have a slot now. */
  *modelsRunning(): Iterable<string> {
    for (const { isWaiting, model } of this.#running.values()) if (!isWaiting) yield model;
  }

  /** Runs lines to their end here; resolves when their job in the lane is done with. Never rejects. */
  async run(lane: Lane, job: LinesRef): Promise<void> {
    await Promise.all(linesOf(job).map((ref) => this.#run(lane, ref)));
  }

  /** Lets go of what waits for a slot; what runs goes on. Nothing new is begun. */
  stop(): void {
    this.#isStopping = true;
    this.#stopChecking();
    this.#lateStop.say();
    for (const { isWaiting, stop } of this.#running.values()) if (isWaiting) stop.say();
  }

  /** The lines of this batch are to be run no more. */
  batchOver(batchId: string): void {
    for (const { ref, stop } of this.#running.values()) if (ref.batchId === batchId) stop.say();
  }

  /** Lets go of everything that runs here: the lines go back to their lanes. */
  cutOff(): void {
    for (const { stop } of this.#running.values()) stop.say();
  }

  /** A result that was worked out for another orchestrator, or for us before we lost its worker. */
  async late(ref: LineRef & { readonly model: number }, token: LineToken, whole: WholeEnd): Promise<void> {
    const batch = await this.#deps.active.get(ref.batchId);
    if (batch === undefined || batch.isOver) return;
    const text = await this.#read(batch, ref);
    // The name in the line may stand for a family: what it came to was settled when the batch was taken in.
    const model = batch.events.validated?.models[ref.model]?.model ?? modelOf(text.body);
    const started = this.#deps.answerer.begin({ ...ref, record: batch.record, model, text });
    const answer = started.late(token, whole);
    if (answer !== undefined)
      await this.#commit({ ref, model, stop: this.#lateStop, record: batch.record }, token, answer);
  }

  async #run(lane: Lane, ref: LineRef): Promise<void> {
    const name = `${ref.batchId}.${ref.line}`;
    const { digest } = this.#deps;
    if (this.#running.has(name)) return;
    const running = this.#begin(lane, ref);
    this.#running.set(name, running);
    try {
      const batch = await this.#wantedBatch(ref.batchId);
      if (batch === undefined) return;
      if (this.#isStopping) running.backAfterMs = 0;
      else await this.#answer(running, batch);
    } catch (error) {
      this.#deps.log.error({ ...lineIds(digest, ref), error: String(error) }, "line not run");
      running.backAfterMs = brokenWaitMs;
    } finally {
      this.#running.delete(name);
      running.span?.end();
    }
    // Only now: it may come straight back to us.
    if (running.backAfterMs !== undefined) await this.#giveBack(running, running.backAfterMs);
  }

  #begin(lane: Lane, ref: LineRef): RunningLine {
    const transient: LineFailure = { kind: "transient" };
    return {
      ...{ lane, model: lane.model, ref, stop: new Stop(), isWaiting: true, needs: new Set() },
      failures: Array.from({ length: ref.transientFailures ?? 0 }, () => transient),
      ...{ tried: undefined, hedge: undefined, hedges: 0, backAfterMs: undefined, span: undefined },
    };
  }

  /** The batch of a line, if it is to be run now. What we saw of a pause may be old. */
  async #wantedBatch(batchId: string): Promise<ActiveBatch | undefined> {
    const { active } = this.#deps;
    const seen = active.seen(batchId) ?? (await active.get(batchId));
    const batch = seen?.isPaused === true ? await active.reload(batchId) : seen;
    if (batch === undefined || batch.isOver || batch.isPaused) return undefined;
    return (await this.#deps.waitsFor?.(batch.record)) === undefined ? batch : undefined;
  }

  async #answer(running: RunningLine, batch: ActiveBatch): Promise<void> {
    const { ref, model, stop, failures } = running;
    const { answerer, commits } = this.#deps;
    const first = await this.#claimed(running);
    if (first === undefined) return;
    for (const workerId of first.crashedOn) failures.push({ kind: "engine_crashed", workerId });
    const text = await this.#read(batch, ref);
    running.span = beginLineSpan(this.#deps, batch.record, { ...ref, model });
    const trace = running.span?.ref;
    const started = answerer.begin({ ...ref, record: batch.record, model, text, trace });
    running.needs = started.needs;
    // Whoever had the line before us may have been lost before it could be given up.
    const known = failures.length === 0 ? undefined : lineVerdict(failures, this.#at(batch));
    if (known?.kind === "answer-with-error") return this.#answerWith(running, started, known, first.token);
    let claimed = first;
    for (;;) {
      const tried = await tryHedged(this.#deps, running, { started, token: claimed.token, failures });
      const { outcome, token, others = [] } = tried;
      if (outcome.kind === "answered") {
        this.#noteTime(running);
        const isOver = await this.#commitOrFail(running, started, token, outcome.answer);
        outcome.acknowledge();
        return isOver ? undefined : this.#letGo(running, longestWaitHereMs);
      }
      if (stop.isSaid) return this.#letGo(running, running.backAfterMs ?? 0);
      const verdict = await this.#judge(running, batch, [...others, outcome.failure], token);
      if (verdict.kind === "leave") return;
      if (verdict.kind === "answer-with-error") return this.#answerWith(running, started, verdict, token);
      if (verdict.afterMs > longestWaitHereMs) return this.#letGo(running, verdict.afterMs);
      await commits.pause(verdict.afterMs, stop);
      const next = await this.#claimed(running);
      if (next === undefined) return;
      claimed = next;
    }
  }

  async #answerWith(
    running: RunningLine,
    started: StartedLine,
    { code, message, param }: Extract<LineVerdict, { readonly kind: "answer-with-error" }>,
    token: LineToken,
  ): Promise<void> {
    const error = new MusterError(code, message, param === undefined ? {} : { param });
    const of = { ...running, record: started.record };
    if (!(await this.#commit(of, token, started.fail(error, token)))) this.#letGo(running, 0);
  }

  /** An answer that is too large to be kept becomes an error: it would be too large the next time as well. */
  async #commitOrFail(
    running: RunningLine,
    started: StartedLine,
    token: LineToken,
    answer: LineAnswer,
  ): Promise<boolean> {
    const of = { ...running, record: started.record };
    try {
      return await this.#commit(of, token, answer);
    } catch (error) {
      const failure = MusterError.from(error);
      if (failure.code !== "request_too_large") throw error;
      return this.#commit(of, token, started.fail(failure, token));
    }
  }

  #at({ record }: ActiveBatch) {
    const { clock, random } = this.#deps;
    return { nowMs: clock.wallMs(), deadlineMs: record.expiresAtMs, random: random() };
  }

  /** Undefined where the line is not to be run here: it is done with, or was let go of. */
  async #claimed(running: RunningLine): Promise<Extract<Claim, { readonly kind: "claimed" }> | undefined> {
    const { ref, stop } = running;
    const claim = await this.#deps.commits.claim(ref, stop);
    if (claim?.kind === "claimed") return claim;
    // With a newer generation the line comes again; whoever drives the batch sees to that.
    if (claim === undefined) this.#letGo(running, running.backAfterMs ?? 0);
    else if (claim.kind === "done") this.#events.lineDone(ref.batchId, ref.line);
    return undefined;
  }

  /** Adds failures to those before them; says what is to be done. */
  async #judge(
    { ref, failures }: RunningLine,
    batch: ActiveBatch,
    latest: readonly LineFailure[],
    { epoch }: LineToken,
  ): Promise<LineVerdict> {
    const { ledger, log, digest } = this.#deps;
    const { batchId, line } = ref;
    failures.push(...latest);
    for (const { kind, workerId } of latest)
      if (kind === "engine_crashed") await ledger.crashed(batchId, line, workerId ?? "").catch(() => []);
    const verdict = lineVerdict(failures, this.#at(batch));
    const failure = latest.at(-1)?.kind;
    const ids = lineIds(digest, ref);
    // Giving way to people is no failure, and happens all day.
    const level = failure === "preempted" ? "debug" : "info";
    log[level]({ ...ids, epoch, failure, verdict: verdict.kind }, "a try of a line failed");
    return verdict;
  }

  #noteTime({ model, tried }: RunningLine): void {
    if (tried !== undefined) this.#hedger.note(model, this.#deps.clock.nowMs() - tried.sinceMs);
  }

  async #read(batch: ActiveBatch, ref: LineRef): Promise<LineText> {
    const key = objectKeys.fileContent(batch.record.inputFileId);
    return parseLineText(await this.#deps.input.read(key, ref.offset, ref.length));
  }

  /** True when the line is over with, false when it must be run again. */
  async #commit(
    { ref, model, stop, record, span }: LineToCommit,
    token: LineToken,
    answer: LineAnswer,
  ): Promise<boolean> {
    const { batchId, line } = ref;
    const result: LineResult = { line, token, ...answer };
    const verdict = await this.#deps.commits.commit(batchId, result, stop);
    span?.answered(answer, verdict);
    switch (verdict) {
      case "ok":
        this.#events.committed(record, model, result);
        this.#events.lineDone(batchId, line);
        return true;
      case "already":
      case "lost":
        this.#events.lineDone(batchId, line);
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
  }

  /** The line is not answered: it goes back to its lane, unless its batch wants it no more. */
  #letGo(running: RunningLine, delayMs: number): void {
    const isWanted = this.#deps.active.seen(running.ref.batchId)?.isOver === false;
    running.backAfterMs = isWanted ? delayMs : undefined;
  }

  async #giveBack({ lane, ref, failures }: RunningLine, delayMs: number): Promise<void> {
    const transientFailures = failures.filter(({ kind }) => kind === "transient").length;
    try {
      await this.#events.giveBack(lane, { ...ref, round: ref.round + 1, transientFailures }, delayMs);
    } catch (error) {
      // The feeder finds it: it is not done, and not in the lane.
      const { digest, log } = this.#deps;
      log.debug({ ...lineIds(digest, ref), error: String(error) }, "not given back");
    }
  }

  /** Lets go of lines that wait for a slot where nobody is left who can take them; looks for stragglers. */
  #check(): void {
    const { fleet, clock, hedges } = this.#deps;
    this.#stopChecking = clock.after(checkMs, () => this.#check());
    const lines = [...this.#running.values()];
    if (lines.length === 0) return;
    for (const running of lines) {
      if (!running.isWaiting || running.stop.isSaid) continue;
      if (fleet.slots(running.model) === 0) running.stop.say();
      else if (!fleet.canDo(running.model, running.needs)) {
        // Another orchestrator may have a worker for it; and others want its place here.
        running.backAfterMs = ableWaitMs;
        running.stop.say();
      }
    }
    if (hedges) this.#hedger.look(lines, fleet.workers(), clock.nowMs());
  }
}

function modelOf(body: unknown): string {
  return typeof body === "object" && body !== null && "model" in body ? String(body.model) : "";
}
