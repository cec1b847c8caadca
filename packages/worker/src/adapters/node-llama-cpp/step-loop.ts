import { type Deferred, deferred, MusterError } from "@muster/base";
import type { LlamaModel, Token } from "node-llama-cpp";
import { type BatchLimits, planBatch } from "./batch-plan.ts";
import type { CachedSequence } from "./cached-sequence.ts";
import type { NativeEngine, NativeSampler } from "./native-context.ts";
import { type SamplingOptions, setUpSampler } from "./sampler-config.ts";

export interface StepToken {
  readonly token: Token;
  /** What the sampler chose from, with its probabilities; only where they were asked for. */
  readonly probabilities?: ReadonlyMap<Token, number>;
}

export interface Evaluation {
  readonly sequence: CachedSequence;
  /** What follows the tokens in the sequence's cache; at least one. */
  readonly tokens: readonly Token[];
  readonly isCancelled: () => boolean;
}

/** One sequence's wish for the next step. */
interface Job {
  readonly sequence: CachedSequence;
  readonly all: readonly Token[];
  evaluated: number;
  readonly sampler: NativeSampler | undefined;
  readonly withProbabilities: boolean;
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
  readonly #model: LlamaModel;
  readonly #limits: BatchLimits;
  readonly #tasks: (() => Promise<void>)[] = [];
  #jobs: Job[] = [];
  #running: Promise<void> | undefined;

  constructor(engine: NativeEngine, model: LlamaModel, limits: BatchLimits) {
    this.#engine = engine;
    this.#model = model;
    this.#limits = limits;
  }

  /**
   * Evaluates the tokens and generates on, until its reader leaves or the evaluation is cancelled, which ends it
   * silently. Its reader must not wait for anything but the next token, or it misses the batch that the others are in.
   */
  async *generate(
    evaluation: Evaluation,
    options: SamplingOptions & { readonly withProbabilities?: boolean },
  ): AsyncGenerator<StepToken, void, void> {
    const { sampler } = evaluation.sequence;
    setUpSampler(sampler, options, this.#model);
    const withProbabilities = options.withProbabilities === true;
    let tokens = evaluation.tokens;
    for (;;) {
      const next = await this.#queue({ ...evaluation, tokens }, sampler, withProbabilities);
      if (next === undefined) return;
      yield next;
      tokens = [next.token];
    }
  }

  /** Evaluates the tokens without sampling. False when it was cancelled before the end. */
  async prefill(evaluation: Evaluation): Promise<boolean> {
    await this.#queue(evaluation, undefined, false);
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
    withProbabilities: boolean,
  ): Promise<StepToken | undefined> {
    const done = deferred<StepToken | undefined>();
    this.#jobs.push({
      sequence,
      all: tokens,
      evaluated: 0,
      sampler,
      withProbabilities,
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
      if (this.#jobs.length > 0) await this.#step();
      // Everyone who got a token has queued the next by then: readers only use microtasks.
      await new Promise<void>((resolve) => process.nextTick(resolve));
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
    const batch = planBatch(candidates, this.#limits);
    try {
      const wanted = this.#fillBatch(batch.map(({ item, tokens }) => ({ job: item.job, tokens })));
      const sampled = await this.#decodeAndSample(wanted);
      for (const { item, tokens } of batch) advance(item.job, tokens);
      wanted.forEach(({ job }, i) => job.done.resolve(sampled[i]));
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

  /** In the order of `wanted`. */
  async #decodeAndSample(wanted: readonly SampledJob[]): Promise<StepToken[]> {
    const { context, step } = this.#engine;
    const isPlain = wanted.every(({ job }) => !job.withProbabilities);
    if (step === undefined || !isPlain) {
      await context.decodeBatch();
      return Promise.all(
        wanted.map(async ({ job, sampler, place }) =>
          toStepToken(
            job.withProbabilities
              ? await context.sampleToken(place, sampler, true)
              : await context.sampleToken(place, sampler),
          ),
        ),
      );
    }
    const tokens = await step(
      wanted.map(({ place }) => place),
      wanted.map(({ sampler }) => sampler),
    );
    return tokens.map(toStepToken);
  }
}

interface SampledJob {
  readonly job: Job;
  readonly sampler: NativeSampler;
  readonly place: number;
}

const noPlaces = new Uint32Array(0);

function isEvaluated(job: Job): boolean {
  return job.evaluated === job.all.length;
}

function advance(job: Job, tokens: number): void {
  for (const token of job.all.slice(job.evaluated, job.evaluated + tokens)) job.sequence.tokens.push(token);
  job.evaluated += tokens;
}

function toStepToken(sampled: number | readonly [token: number, probabilities?: number[]]): StepToken {
  const [token, flat] = typeof sampled === "number" ? [sampled] : sampled;
  if (token < 0) throw new MusterError("engine_failed", "The engine could not choose a token.");
  if (flat === undefined) return { token: token as Token };
  const probabilities = new Map<Token, number>();
  for (let i = 0; i + 1 < flat.length; i += 2) probabilities.set(flat[i] as Token, flat[i + 1] ?? 0);
  return { token: token as Token, probabilities };
}
