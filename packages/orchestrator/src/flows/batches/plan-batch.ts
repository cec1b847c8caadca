import { MusterError, type TokenizeRequest } from "@muster/base";
import type { BatchEndpoint } from "../../core/batches/batch.ts";
import { objectKeys } from "../../core/batches/keys.ts";
import {
  hoursByExpectation,
  hoursOf,
  hoursTogether,
  type PlanWorker,
  planWorkers,
} from "../../core/batches/plan-hours.ts";
import type { ModelPlan, PlanReport } from "../../core/batches/plan-report.ts";
import {
  type CountedPrompt,
  fitTokens,
  type TokenEstimate,
  tokensIn,
} from "../../core/batches/token-estimate.ts";
import type { ExpectedHour } from "../../core/fleet/expected-slots.ts";
import type { WorkerView } from "../../core/fleet/worker.ts";
import { BlockReader } from "./block-reader.ts";
import type { FileStore } from "./file-store.ts";
import { noIdentity, type ServedNow, usualAnswerTokens } from "./ingest-line.ts";
import { inputFile } from "./input-file.ts";
import { InputPass, type InputPassDeps } from "./input-pass.ts";
import { parseLineText } from "./line-text.ts";
import { longestPrompt, type PlannedLine, PlannedLines, spreadSample } from "./planned-lines.ts";

export interface PlanDeps extends InputPassDeps {
  readonly files: Pick<FileStore, "get">;
  readonly served: ServedNow & { slots(model: string): number };
  readonly fleet: { workers(): readonly WorkerView[] };
  /** What is expected of the workers for these models, by what they have now. */
  readonly expected: (models: readonly string[]) => readonly ExpectedHour[];
  /** How many tokens a prompt becomes. Undefined, or a rejection, where nobody can say now. */
  readonly tokenize: (
    model: string,
    request: TokenizeRequest,
    signal: AbortSignal,
  ) => Promise<number | undefined>;
}

export interface PlanAsked {
  readonly tenant: string;
  readonly inputFileId: string;
  readonly endpoint: BatchEndpoint;
  /** The models that whoever asks may use; undefined: all. */
  readonly models?: readonly string[] | undefined;
  readonly signal: AbortSignal;
}

const maxSample = 64;
/** Lines this near to the limit are counted, not estimated; no more of them than that. */
const nearShare = 0.15;
const maxNear = 200;
const maxTooLongListed = 100;
const tokenizeAtOnce = 4;
/** What was not counted by then is estimated. */
const countingMs = 20_000;

/**
 * What a batch would take, without running a line of it: reads the file as the batch would, and has some of its lines
 * counted by the models' own tokenizers. Throws `not_found`, `invalid_request` for a file that is no input, and
 * `cancelled` when the signal fires.
 */
export async function planBatch(deps: PlanDeps, asked: PlanAsked): Promise<PlanReport> {
  await inputFile(deps.files, asked.tenant, asked.inputFileId);
  const pass = new InputPass(deps, asked, asked.signal);
  const lines = new PlannedLines();
  for await (const line of pass.goodLines()) lines.add(line);
  const models = await new Planner(deps, asked, { lines, names: pass.models }).models();
  const { lineCount, errors, errorCount } = pass;
  const together = hoursByExpectation(hoursTogether(models), deps.expected(models.map(({ model }) => model)));
  return {
    ...{ lines: lineCount, errors, errorCount, hours: together },
    models: models.map((plan) => ({
      ...plan,
      hours: hoursByExpectation(plan.hours, deps.expected([plan.model])),
    })),
  };
}

/** What is known of one model while lines are gone through. */
interface Tally {
  readonly workers: readonly PlanWorker[];
  /** Of the smallest replica; undefined while none is ready. */
  readonly contextTokens: number | undefined;
  readonly estimate: TokenEstimate;
  readonly tooLongLines: number[];
  tooLongCount: number;
  unlimitedTokens: number;
}

class Planner {
  readonly #deps: PlanDeps;
  readonly #asked: PlanAsked;
  readonly #lines: PlannedLines;
  readonly #names: readonly string[];
  readonly #reader: BlockReader;

  constructor(
    deps: PlanDeps,
    asked: PlanAsked,
    read: { readonly lines: PlannedLines; readonly names: readonly { readonly model: string }[] },
  ) {
    this.#deps = deps;
    this.#asked = asked;
    this.#lines = read.lines;
    this.#names = read.names.map(({ model }) => model);
    this.#reader = new BlockReader(deps);
  }

  async models(): Promise<readonly ModelPlan[]> {
    const counting = new AbortController();
    const stop = () => counting.abort();
    const stopTimer = this.#deps.clock.after(countingMs, stop);
    this.#asked.signal.addEventListener("abort", stop, { once: true });
    try {
      const tallies = await this.#tallies(counting.signal);
      await this.#judgeLengths(tallies, counting.signal);
      if (this.#asked.signal.aborted) throw new MusterError("cancelled", "Planning a batch was stopped.");
      return tallies.map((tally, model) => this.#planOf(model, tally));
    } finally {
      stopTimer();
      this.#asked.signal.removeEventListener("abort", stop);
    }
  }

  async #tallies(signal: AbortSignal): Promise<Tally[]> {
    const counted = this.#names.map((): CountedPrompt[] => []);
    await inParallel(spreadSample(this.#lines, maxSample), async (line) => {
      const tokens = await this.#count(line, signal);
      if (tokens !== undefined) counted[line.model]?.push({ characters: line.characters, tokens });
    });
    const views = this.#deps.fleet.workers();
    return this.#names.map((name, model) => {
      const workers = planWorkers(views, name);
      const contexts = workers.map(({ contextTokens }) => contextTokens);
      return {
        workers,
        contextTokens: contexts.length === 0 ? undefined : Math.min(...contexts),
        estimate: fitTokens(counted[model] ?? []),
        tooLongLines: [],
        tooLongCount: 0,
        unlimitedTokens: 0,
      };
    });
  }

  /** Finds the lines that do not fit: by the estimate, and where that is too near to tell by the tokenizer. */
  async #judgeLengths(tallies: readonly Tally[], signal: AbortSignal): Promise<void> {
    const near: PlannedLine[] = [];
    for (let index = 0; index < this.#lines.count; index++) {
      const line = this.#lines.at(index);
      const tally = tallies[line.model];
      if (tally?.contextTokens === undefined) continue;
      const promptTokens = tokensIn(tally.estimate, line.characters);
      if (line.maxTokens === undefined)
        tally.unlimitedTokens += line.answers * Math.max(0, tally.contextTokens - promptTokens);
      const share = neededTokens(promptTokens, line) / tally.contextTokens;
      if (Math.abs(share - 1) <= nearShare && near.length < maxNear) near.push(line);
      else if (share > 1) noteTooLong(tally, line);
    }
    await inParallel(near, async (line) => {
      const tally = tallies[line.model];
      if (tally?.contextTokens === undefined) return;
      const counted = await this.#count(line, signal);
      const promptTokens = counted ?? tokensIn(tally.estimate, line.characters);
      if (neededTokens(promptTokens, line) > tally.contextTokens) noteTooLong(tally, line);
    });
  }

  /** Tokens of the longest prompt of a line. Undefined where nobody can say. */
  async #count({ offset, length, model }: PlannedLine, signal: AbortSignal): Promise<number | undefined> {
    if (signal.aborted) return undefined;
    const { endpoints, tokenize } = this.#deps;
    const { inputFileId, endpoint } = this.#asked;
    const bytes = await this.#reader.read(objectKeys.fileContent(inputFileId), offset, length);
    const prompt = longestPrompt(endpoints.plan(endpoint, parseLineText(bytes).body, noIdentity));
    if (prompt === undefined) return undefined;
    try {
      return await tokenize(this.#names[model] ?? "", prompt.request, signal);
    } catch (error) {
      // A plan is an estimate with or without it; only what is wrong in itself must show.
      if (error instanceof MusterError) return undefined;
      throw error;
    }
  }

  #planOf(model: number, tally: Tally): ModelPlan {
    const name = this.#names[model] ?? "";
    const totals = this.#lines.totals[model];
    const { lines = 0, prompts = 0, characters = 0, limitedTokens = 0, unlimitedAnswers = 0 } = totals ?? {};
    const { workers, contextTokens, estimate, unlimitedTokens } = tally;
    const { perPrompt, perCharacter } = estimate;
    const promptTokens = prompts * perPrompt + characters * perCharacter;
    const usualTokens = unlimitedAnswers * usualAnswerTokens;
    return {
      model: name,
      lines,
      estimatedPromptTokens: Math.round(promptTokens),
      maxCompletionTokens: Math.round(
        limitedTokens + (contextTokens === undefined ? usualTokens : unlimitedTokens),
      ),
      tooLongLines: tally.tooLongLines.sort((a, b) => a - b).slice(0, maxTooLongListed),
      tooLongCount: tally.tooLongCount,
      workers: workers.map((worker) => ({ name: worker.name, slots: worker.slots })),
      hours: hoursOf({
        promptTokens,
        completionTokens: limitedTokens + usualTokens,
        workers,
        slots: this.#deps.served.slots(name),
      }),
    };
  }
}

/** What a line takes of a context: room for at least one token must be left. */
function neededTokens(promptTokens: number, { maxTokens }: PlannedLine): number {
  return promptTokens + (maxTokens ?? 1);
}

/** Keeps the first ones found, and room for as many that a closer look finds between them. */
function noteTooLong(tally: Tally, { lineNumber }: PlannedLine): void {
  tally.tooLongCount += 1;
  if (tally.tooLongLines.length < maxTooLongListed + maxNear) tally.tooLongLines.push(lineNumber);
}

/** Does a task for each, a few at once. */
async function inParallel<T>(items: readonly T[], task: (item: T) => Promise<void>): Promise<void> {
  const rest = items.values();
  const runs = Array.from({ length: tokenizeAtOnce }, async () => {
    for (const item of rest) await task(item);
  });
  await Promise.all(runs);
}
