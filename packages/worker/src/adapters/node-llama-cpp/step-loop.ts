import { type Deferred, deferred, MusterError } from "@muster/base";
import type { Token } from "node-llama-cpp";
import { type BatchLimits, planBatch } from "./batch-plan.ts";
import type { CachedSequence } from "./cached-sequence.ts";
import type { NativeEngine, NativeSampler } from "./native-context.ts";
import { createPrefillPace, type PrefillPace } from "./prefill-pace.ts";
import { changeGrammar, grammarStateOf, type SamplingOptions, setUpSampler } from "./sampler-config.ts";

export interface StepToken {
  readonly token: Token;
  /** Of the observer's candidates, best first; only with an observer. */
  readonly probabilities?: ReadonlyMap<Token, number>;
}

export interface Evaluation {
  readonly sequence: CachedSequence;
  /** What follows the tokens in the sequence's cache; at least one. */
  readonly tokens: readonly Token[];
  readonly isCancelled: () => boolean;
}

export interface StepLoopOptions extends BatchLimits {
  readonly nowMs: () => number;
}

/** One sequence's wish for the next step. */
interface Job {
  readonly sequence: CachedSequence;
  readonly all: readonly Token[];
  evaluated: number;
  readonly sampler: NativeSampler | undefined;
  /** Looks at the same logits and reports their probabilities. */
  readonly observer: NativeSampler | undefined;
  readonly isCancelled: () => boolean;
  readonly done: Deferred<StepToken | undefined>;
}

/**
 * Drives the context, step by step: all sequences that want something are in every batch, and what changes the cache
 * runs between two steps. It takes the place of the library's own queue, which starts batches before all have
 * queued, in an order that llama.cpp cannot evaluate together, and spends more time on it than this whole loop.
 */
export class StepLoop {
  readonly #engine: NativeEngine;
  readonly #options: StepLoopOptions;
  readonly #pace: PrefillPace;
  readonly #tasks: (() => Promise<void>)[] = [];
  #jobs: Job[] = [];
  #running: Promise<void> | undefined;

  constructor(engine: NativeEngine, options: StepLoopOptions) {
    this.#engine = engine;
    this.#options = options;
    this.#pace = createPrefillPace(options.prefillTokensPerStep);
  }

  /**
   * Evaluates the tokens and generates on, until its reader leaves or the evaluation is cancelled, which ends it
   * silently. Its reader must not wait for anything but the next token, or it misses the batch that the others are in.
   * The reader may give tokens to `next`: they are evaluated in place of the one that it just got.
   */
  async *generate(
    evaluation: Evaluation,
    options: SamplingOptions & { readonly observer?: NativeSampler },
  ): AsyncGenerator<StepToken, void, readonly Token[] | undefined> {
    const { sampler } = evaluation.sequence;
    let grammar = grammarStateOf(options);
    setUpSampler(sampler, options);
    let tokens = evaluation.tokens;
    for (;;) {
      const next = await this.#queue({ ...evaluation, tokens }, sampler, options.observer);
      if (next === undefined) return;
      tokens = (yield next) ?? [next.token];
      const wanted = grammarStateOf(options);
      if (wanted !== grammar) changeGrammar(sampler, options);
      grammar = wanted;
    }
  }

  /** Evaluates the tokens without sampling. False when it was cancelled before the end. */
  async prefill(evaluation: Evaluation): Promise<boolean> {
    await this.#queue(evaluation, undefined, undefined);
    return !evaluation.isCancelled();
  }

  /** Runs `task` between two steps, alone. */
  exclusively<T>(task: () => Promise<T> | T): Promise<T> {
    const result = deferred<T>();
    this.#tasks.push(async () => {
      try {
        result.resolve(await task());
      } catch (error) {
        result.reject(error);
      }
    });
    this.#start();
    return result.promise;
  }

  #queue(
    { sequence, tokens, isCancelled }: Evaluation,
    sampler: NativeSampler | undefined,
    observer: NativeSampler | undefined,
  ): Promise<StepToken | undefined> {
    const done = deferred<StepToken | undefined>();
    this.#jobs.push({
      sequence,
      all: tokens,
      evaluated: 0,
      sampler,
      observer,
      isCancelled,
      done,
    });
    this.#start();
    return done.promise;
  }

  #start(): void {
    this.#running ??= this.#run();
  }

  /** Never rejects: what fails, fails to those who asked for it. */
  async #run(): Promise<void> {
    // What arrives in the same turn of the event loop goes into the same batch.
    await new Promise<void>((resolve) => setImmediate(resolve));
    for (;;) {
      for (const task of this.#tasks.splice(0)) await task();
      this.#dropCancelled();
      const hasJobs = this.#jobs.length > 0;
      if (hasJobs) await this.#step();
      // Everyone who got a token has queued the next by then: readers only use microtasks. Tasks that only ask again
      // must not keep messages from coming in.
      await new Promise<void>((resolve) => (hasJobs ? process.nextTick(resolve) : setImmediate(resolve)));
      if (this.#jobs.length === 0 && this.#tasks.length === 0) break;
    }
    this.#running = undefined;
  }

  #dropCancelled(): void {
    this.#jobs = this.#jobs.filter((job) => {
      const isCancelled = job.isCancelled();
      if (isCancelled) job.done.resolve(undefined);
      return !isCancelled;
    });
  }

  async #step(): Promise<void> {
    const candidates = this.#jobs.map((job) => ({
      job,
      sequenceId: job.sequence.id,
      tokens: job.all.length - job.evaluated,
    }));
    const { batchTokens, nowMs } = this.#options;
    const batch = planBatch(candidates, { batchTokens, prefillTokensPerStep: this.#pace.nextTokens() });
    const startMs = nowMs();
    try {
      const wanted = this.#fillBatch(batch.map(({ item, tokens }) => ({ job: item.job, tokens })));
      const sampled = await this.#decodeAndSample(wanted);
      const decoders = batch.filter(({ item }) => item.tokens === 1).length;
      const allTokens = batch.reduce((sum, { tokens }) => sum + tokens, 0);
      this.#pace.note({ decoders, promptTokens: allTokens - decoders, ms: nowMs() - startMs });
      for (const { item, tokens } of batch) advance(item.job, tokens);
      for (const settle of sampled) settle();
      for (const { item } of batch) {
        if (item.job.sampler === undefined && isEvaluated(item.job)) item.job.done.resolve(undefined);
      }
    } catch (error) {
      // Nobody knows what a failed step left in the cache: all that were in it end.
      const failed = new Set(batch.map(({ item }) => item.job));
      for (const job of failed) job.done.reject(error);
      this.#jobs = this.#jobs.filter((job) => !failed.has(job));
      return;
    }
    this.#jobs = this.#jobs.filter((job) => !isEvaluated(job));
  }

  /** Gives the jobs that end with this batch and sample, with the places of their logits. */
  #fillBatch(shares: readonly { readonly job: Job; readonly tokens: number }[]): SampledJob[] {
    const { context } = this.#engine;
    const wanted: SampledJob[] = [];
    context.initBatch(shares.reduce((sum, { tokens }) => sum + tokens, 0));
    for (const { job, tokens } of shares) {
      const slice = job.all.slice(job.evaluated, job.evaluated + tokens);
      const samples = job.sampler !== undefined && job.evaluated + tokens === job.all.length;
      const places = context.addToBatch(
        job.sequence.id,
        job.sequence.tokens.length,
        Uint32Array.from(slice),
        samples ? Uint32Array.of(tokens - 1) : noPlaces,
      );
      const place = places[0];
      if (job.sampler !== undefined && place !== undefined) wanted.push({ job, sampler: job.sampler, place });
    }
    return wanted;
  }

  /**
   * Decodes, and gives what tells each job its token. Where one can have none, by its own grammar or biases, it fails
   * alone.
   */
  async #decodeAndSample(wanted: readonly SampledJob[]): Promise<(() => void)[]> {
    const choices = await this.#decodeAndChoose(wanted);
    return Promise.all(
      wanted.map(async ({ job: { observer, done }, place }, i) => {
        try {
          const token = tokenOf(choices[i]);
          const probabilities = observer === undefined ? undefined : await this.#observe(place, observer);
          return () => done.resolve({ token, ...(probabilities && { probabilities }) });
        } catch (error) {
          return () => done.reject(error);
        }
      }),
    );
  }

  async #decodeAndChoose(wanted: readonly SampledJob[]): Promise<readonly Choice[]> {
    const { context, step } = this.#engine;
    if (step !== undefined) {
      return step(
        wanted.map(({ place }) => place),
        wanted.map(({ sampler }) => sampler),
      );
    }
    await context.decodeBatch();
    // All of them, also after a failure: no step may begin while a sampler still reads the logits of this one.
    const sampled = await Promise.allSettled(
      wanted.map(({ sampler, place }) => context.sampleToken(place, sampler)),
    );
    return sampled.map((result) => {
      if (result.status === "rejected") return String(result.reason);
      return typeof result.value === "number" ? result.value : result.value[0];
    });
  }

  async #observe(place: number, observer: NativeSampler): Promise<ReadonlyMap<Token, number>> {
    const sampled = await this.#engine.context.sampleToken(place, observer, true);
    const flat = typeof sampled === "number" ? [] : (sampled[1] ?? []);
    const probabilities = new Map<Token, number>();
    for (let i = 0; i + 1 < flat.length; i += 2) probabilities.set(flat[i] as Token, flat[i + 1] ?? 0);
    return probabilities;
  }
}

interface SampledJob {
  readonly job: Job;
  readonly sampler: NativeSampler;
  readonly place: number;
}

/** A token, -1 where there is none, or why it failed. */
type Choice = number | string;

const noPlaces = new Uint32Array(0);

function tokenOf(choice: Choice | undefined): Token {
  if (typeof choice === "number" && choice >= 0) return choice as Token;
  const reason = typeof choice === "string" ? choice : "none was left";
  throw new MusterError("engine_failed", `The engine could not choose a token: ${reason}.`);
}

function isEvaluated(job: Job): boolean {
  return job.evaluated === job.all.length;
}

function advance(job: Job, tokens: number): void {
  for (const token of job.all.slice(job.evaluated, job.evaluated + tokens)) job.sequence.tokens.push(token);
  job.evaluated += tokens;
}
