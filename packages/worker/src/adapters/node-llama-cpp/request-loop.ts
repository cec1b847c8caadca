import {
  type GenerateTimings,
  type GenerateUsage,
  type InferenceDelta,
  type InferenceEnd,
  MusterError,
  type Sampling,
} from "@muster/base";
import type { LlamaModel, Token } from "node-llama-cpp";
import { createAnswerGrammarState } from "./answer-grammar-state.ts";
import { type AnswerOutput, createAnswerOutput } from "./answer-output.ts";
import type { AnswerPlan } from "./answer-plan.ts";
import type { CachedSequence } from "./cached-sequence.ts";
import type { ChildGenerateRequest } from "./child-messages.ts";
import type { GrammarCache } from "./grammar-cache.ts";
import type { NativeSampler } from "./native-context.ts";
import type { SamplingOptions } from "./sampler-config.ts";
import type { SequencePool, TakenSequence } from "./sequence-pool.ts";
import type { StepLoop } from "./step-loop.ts";
import type { Vocabulary } from "./vocabulary.ts";

export interface LoopParts {
  readonly model: LlamaModel;
  readonly vocabulary: Vocabulary;
  readonly grammars: GrammarCache;
  readonly pool: SequencePool;
  readonly steps: StepLoop;
  readonly contextTokens: number;
  /** A sampler that reports probabilities beside the sequence's own. */
  readonly observerOf: (sequence: CachedSequence) => NativeSampler;
}

export interface AnswerTask {
  readonly request: ChildGenerateRequest;
  readonly plan: AnswerPlan;
  readonly isCancelled: () => boolean;
  /** Must not block: it runs between two decode steps of the whole batch. */
  readonly onDelta: (delta: InferenceDelta) => void;
}

export type AnswerOutcome = { readonly kind: "cancelled" } | ({ readonly kind: "end" } & InferenceEnd);

const defaultTopK = 64;
const maxTopK = 256;
/** Below it logits divided by the temperature overflow, and every token would be as likely. */
const minTemperature = 1e-6;
/** Frequency and presence penalties look at this many of the latest tokens of the answer. */
const penaltyWindowTokens = 1024;

/**
 * Generates one answer. No I/O and no timers inside: a loop that waits for anything but its next token misses the
 * batch that the other sequences are in.
 */
export async function runAnswer(parts: LoopParts, task: AnswerTask): Promise<AnswerOutcome> {
  const { plan, isCancelled } = task;
  const output = createAnswerOutput({ ...parts, ...task });
  const salted = { tokens: plan.promptTokens, salt: task.request.cacheSalt ?? "" };
  const taken = await parts.pool.take(salted, isCancelled);
  if (taken === undefined) return { kind: "cancelled" };
  let finished: Finished | undefined;
  try {
    finished = await generate(parts, task, { taken, output });
  } catch (error) {
    await taken.forget();
    throw MusterError.from(error, "engine_failed");
  } finally {
    taken.release();
  }
  if (finished === undefined) return { kind: "cancelled" };
  const reason = output.end(finished.reason);
  const { stopText } = output;
  return {
    kind: "end",
    ...finished,
    reason,
    ...(reason === "stop" && stopText !== undefined && { stopText }),
    usage: usageOf(task, taken, output),
  };
}

interface Finished {
  readonly reason: "stop" | "length";
  readonly timings: GenerateTimings;
}

interface Running {
  readonly taken: TakenSequence;
  readonly output: AnswerOutput;
}

/** Undefined when it was cancelled. */
async function generate(
  parts: LoopParts,
  task: AnswerTask,
  { taken, output }: Running,
): Promise<Finished | undefined> {
  const { request, plan, isCancelled } = task;
  const { sequence, cachedTokens } = taken;
  const roomTokens = parts.contextTokens - plan.promptTokens.length;
  const maxTokens = Math.min(request.maxTokens ?? roomTokens, roomTokens);
  const grammar = createAnswerGrammarState(plan, parts.grammars);
  const closeThought = createThoughtBudget(parts, task, { output, maxTokens });
  const startMs = performance.now();
  let firstMs: number | undefined;
  let lastMs = startMs;
  const finished = (reason: Finished["reason"]): Finished => ({
    reason,
    timings: { prefillMs: (firstMs ?? lastMs) - startMs, decodeMs: lastMs - (firstMs ?? lastMs) },
  });

  const tokens = plan.promptTokens.slice(cachedTokens);
  const steps = parts.steps.generate(
    { sequence, tokens, isCancelled },
    {
      ...samplingOptions(request.sampling, output.tokens),
      tokenBias: plan.tokenBias,
      grammarEvaluationState: () => grammar.current,
      ...(request.topLogprobs !== undefined && { observer: parts.observerOf(sequence) }),
    },
  );
  try {
    let next = await steps.next();
    while (next.done !== true) {
      const { token, probabilities } = next.value;
      lastMs = performance.now();
      firstMs ??= lastMs;
      if (parts.model.isEogToken(token)) return finished("stop");
      output.push(token, probabilities);
      if (output.isOver) return finished("stop");
      if (output.tokens.length >= maxTokens) return finished("length");
      const forced = closeThought();
      grammar.follow(output.phase);
      next = await steps.next(forced === undefined ? undefined : [token, ...forced]);
    }
    return undefined;
  } finally {
    await steps.return();
  }
}

/** Tells after every token what has to follow it: the end of a thought that is as long as it may be. */
function createThoughtBudget(
  { model }: LoopParts,
  { request, plan }: AnswerTask,
  { output, maxTokens }: { readonly output: AnswerOutput; readonly maxTokens: number },
): () => readonly Token[] | undefined {
  const budgetTokens = request.thinking?.budgetTokens;
  const { thought } = plan.dialect;
  if (budgetTokens === undefined || thought === undefined) return () => undefined;
  const close = model.tokenize(thought.close + thought.gap, true, "trimLeadingSpace");
  // Closed before its label is written, a thought would be unlike any that the model has seen.
  const begin = plan.thought === "open" ? "" : thought.open + thought.label;
  const leastTokens = begin === "" ? 0 : model.tokenize(begin, true, "trimLeadingSpace").length;
  return () => {
    const isDue = output.phase === "thought" && output.reasoningTokens >= Math.max(budgetTokens, leastTokens);
    // Without room for an answer there is nothing to close it for.
    if (!isDue || output.tokens.length + close.length >= maxTokens) return undefined;
    for (const token of close) output.push(token);
    return close;
  };
}

function usageOf({ plan }: AnswerTask, { cachedTokens }: TakenSequence, output: AnswerOutput): GenerateUsage {
  const { reasoningTokens } = output;
  return {
    promptTokens: plan.promptTokens.length,
    cachedTokens,
    completionTokens: output.tokens.length,
    ...(plan.dialect.thought !== undefined && { reasoningTokens }),
  };
}

function samplingOptions(sampling: Sampling, answered: readonly Token[]): SamplingOptions {
  const { frequencyPenalty, presencePenalty, repetitionPenalty = 1 } = sampling;
  const hasPenalty = frequencyPenalty !== 0 || presencePenalty !== 0 || repetitionPenalty !== 1;
  return {
    temperature: sampling.temperature < minTemperature ? 0 : sampling.temperature,
    topK: sampling.topK > 0 ? Math.min(Math.floor(sampling.topK), maxTopK) : defaultTopK,
    topP: sampling.topP,
    minP: sampling.minP,
    seed: sampling.seed,
    ...(hasPenalty && {
      repeatPenalty: {
        punishTokens: () => answered.slice(-penaltyWindowTokens),
        maxPunishTokens: penaltyWindowTokens,
        penalty: repetitionPenalty,
        frequencyPenalty,
        presencePenalty,
      },
    }),
  };
}
