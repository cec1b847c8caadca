import { type GenerateTimings, type GenerateUsage, MusterError, type Sampling } from "@muster/base";
import type { LlamaContextSequence, LlamaModel, SequenceEvaluateOptions, Token } from "node-llama-cpp";
import { createStopMatcher } from "../../core/stop-matcher.ts";
import type { BatchScheduler } from "./batch-scheduler.ts";
import type { ChildGenerateRequest } from "./child-messages.ts";
import type { SequencePool, TakenSequence } from "./sequence-pool.ts";
import type { StepGate } from "./step-gate.ts";
import { createTextDecoder } from "./text-decoder.ts";

export interface LoopParts {
  readonly model: LlamaModel;
  readonly pool: SequencePool;
  readonly gate: StepGate;
  readonly scheduler: BatchScheduler;
  readonly contextTokens: number;
  /** Prompt tokens queued at once: between two such pieces the loop can be paused or cancelled. */
  readonly prefillPieceTokens: number;
}

export interface AnswerTask {
  readonly request: ChildGenerateRequest;
  readonly promptTokens: Token[];
  readonly isCancelled: () => boolean;
  /** Must not block: it runs between two decode steps of the whole batch. */
  readonly onText: (text: string, tokens: number) => void;
}

export type AnswerOutcome =
  | { readonly kind: "cancelled" }
  | {
      readonly kind: "end";
      readonly reason: "stop" | "length";
      readonly usage: GenerateUsage;
      readonly timings: GenerateTimings;
    };

const defaultTopK = 64;
const maxTopK = 256;
/** Frequency and presence penalties look at this many of the latest tokens of the answer. */
const penaltyWindowTokens = 1024;

/**
 * Generates one answer. No I/O and no timers inside: a loop that waits for anything but its next token misses the
 * batch that the other sequences are in.
 */
export async function runAnswer(parts: LoopParts, task: AnswerTask): Promise<AnswerOutcome> {
  const taken = parts.pool.take(task.promptTokens);
  try {
    const cachedTokens = await taken.prepare(task.promptTokens);
    const leave = parts.scheduler.enter();
    try {
      return await evaluate(parts, task, { sequence: taken.sequence, cachedTokens });
    } finally {
      leave();
    }
  } catch (error) {
    await forget(parts, taken);
    throw MusterError.from(error, "engine_failed");
  } finally {
    taken.release();
  }
}

interface Prepared {
  readonly sequence: LlamaContextSequence;
  readonly cachedTokens: number;
}

async function evaluate(parts: LoopParts, task: AnswerTask, prepared: Prepared): Promise<AnswerOutcome> {
  const { request, promptTokens, isCancelled } = task;
  const { sequence, cachedTokens } = prepared;
  const roomTokens = parts.contextTokens - promptTokens.length;
  const maxTokens = Math.min(request.maxTokens ?? roomTokens, roomTokens);
  const output = createOutput(parts.model, task);
  const startMs = performance.now();
  let firstMs: number | undefined;
  let lastMs = startMs;
  const end = (reason: "stop" | "length"): AnswerOutcome => ({
    kind: "end",
    reason,
    usage: { promptTokens: promptTokens.length, cachedTokens, completionTokens: output.tokens.length },
    timings: { prefillMs: (firstMs ?? lastMs) - startMs, decodeMs: lastMs - (firstMs ?? lastMs) },
  });

  const rest = await prefill(parts, task, prepared);
  if (rest === undefined) return { kind: "cancelled" };
  const options = evaluateOptions(request.sampling, output.tokens);
  for await (const token of sequence.evaluate(rest, options)) {
    lastMs = performance.now();
    firstMs ??= lastMs;
    if (isCancelled()) return { kind: "cancelled" };
    if (parts.model.isEogToken(token)) {
      output.flush();
      return end("stop");
    }
    if (output.push(token)) return end("stop");
    if (output.tokens.length >= maxTokens) {
      output.flush();
      return end("length");
    }
    const open = parts.gate.pass();
    if (open !== undefined) await open;
    if (isCancelled()) return { kind: "cancelled" };
  }
  throw new MusterError("engine_failed", "The engine stopped giving tokens before the answer ended.");
}

/** Evaluates the prompt but for its last piece, which it gives back; undefined when the answer was cancelled. */
async function prefill(parts: LoopParts, task: AnswerTask, prepared: Prepared): Promise<Token[] | undefined> {
  let rest = task.promptTokens.slice(prepared.cachedTokens);
  for (;;) {
    const open = parts.gate.pass();
    if (open !== undefined) await open;
    if (task.isCancelled()) return undefined;
    if (rest.length <= parts.prefillPieceTokens) return rest;
    const piece = rest.slice(0, parts.prefillPieceTokens);
    rest = rest.slice(parts.prefillPieceTokens);
    await prepared.sequence.evaluateWithoutGeneratingNewTokens(piece);
  }
}

/** Tokens in, text out: decoded, searched for stop strings, handed on with the number of tokens that made it up. */
function createOutput(model: LlamaModel, task: AnswerTask) {
  const tokens: Token[] = [];
  let unreported = 0;
  const decoder = createTextDecoder<Token>(
    (window, before) => model.detokenize(window, false, before),
    task.promptTokens,
  );
  const matcher = createStopMatcher(task.request.stop);
  const give = (text: string) => {
    if (text === "") return;
    task.onText(text, unreported);
    unreported = 0;
  };
  return {
    tokens,
    /** True once a stop string is complete. */
    push(token: Token): boolean {
      tokens.push(token);
      unreported += 1;
      const match = matcher.push(decoder.push(token));
      give(match.text);
      return match.stopped;
    },
    flush: () => give(matcher.flush()),
  };
}

function evaluateOptions(sampling: Sampling, answered: readonly Token[]): SequenceEvaluateOptions {
  const { frequencyPenalty, presencePenalty } = sampling;
  const hasPenalty = frequencyPenalty !== 0 || presencePenalty !== 0;
  return {
    temperature: sampling.temperature,
    topK: sampling.topK > 0 ? Math.min(Math.floor(sampling.topK), maxTopK) : defaultTopK,
    topP: sampling.topP,
    minP: sampling.minP,
    seed: sampling.seed,
    yieldEogToken: true,
    ...(hasPenalty && {
      repeatPenalty: {
        punishTokens: () => answered.slice(-penaltyWindowTokens),
        maxPunishTokens: penaltyWindowTokens,
        penalty: 1,
        frequencyPenalty,
        presencePenalty,
      },
    }),
  };
}

/** After a failed step nobody knows what is in the cache. */
async function forget(parts: LoopParts, taken: TakenSequence): Promise<void> {
  try {
    await parts.gate.exclusively(() => taken.sequence.clearHistory());
  } catch {
    // The error that brought us here says more; a sequence that cannot be cleared fails again, and loudly.
  }
}
