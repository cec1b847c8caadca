import { stat } from "node:fs/promises";
import { availableParallelism } from "node:os";
import { getLlama, type Llama, LlamaLogLevel, type LlamaModel } from "node-llama-cpp";
import type { ReplicaInfo } from "../../ports/engine.ts";
import { createBatchScheduler } from "./batch-scheduler.ts";
import type { ChildLoadSpec } from "./child-messages.ts";
import { createPromptTokenizer, type PromptTokenizer } from "./prompt-tokens.ts";
import type { LoopParts } from "./request-loop.ts";
import { SequencePool } from "./sequence-pool.ts";
import { StepGate } from "./step-gate.ts";

export interface LoadedModel {
  readonly info: ReplicaInfo;
  readonly prompts: PromptTokenizer;
  readonly parts: LoopParts;
}

const defaultMaxContextTokens = 8192;
const batchTokens = 512;
/** On a CPU a step's time grows with its tokens, so decoders wait less; a GPU wants large steps. */
const prefillTokensPerStep = { cpu: 128, gpu: 448 };

/** Loads a model and makes one context for all its slots. Throws what the library throws. */
export async function loadModel(
  spec: ChildLoadSpec,
  onProgress: (fraction: number) => void,
): Promise<LoadedModel> {
  const startMs = performance.now();
  const { size } = await stat(spec.modelPath);
  const llama = await getLlama({
    gpu: spec.gpu === "off" ? false : "auto",
    build: "never",
    skipDownload: true,
    maxThreads: spec.threads ?? availableParallelism(),
    logLevel: LlamaLogLevel.warn,
    logger: (level, message) => process.stderr.write(`${level}: ${message.trimEnd()}\n`),
  });
  const threads = spec.threads ?? defaultThreads(llama);
  const model = await llama.loadModel({ modelPath: spec.modelPath, onLoadProgress: onProgress });
  const contextTokens = spec.contextTokens ?? Math.min(model.trainContextSize, defaultMaxContextTokens);
  const gate = new StepGate();
  const scheduler = createBatchScheduler({
    prefillTokensPerStep: llama.gpu === false ? prefillTokensPerStep.cpu : prefillTokensPerStep.gpu,
    isPaused: () => gate.isClosed,
  });
  const context = await model.createContext({
    sequences: spec.slots,
    contextSize: contextTokens,
    failedCreationRemedy: false,
    batchSize: batchTokens,
    threads,
    flashAttention: "auto",
    batching: { itemPrioritizationStrategy: scheduler.strategy },
  });
  const prompts = createPromptTokenizer(model);
  const pool = new SequencePool(context, gate);
  return {
    info: {
      engine: "node-llama-cpp",
      architecture: architectureOf(model),
      fileBytes: size,
      contextTokens,
      slots: spec.slots,
      threads,
      backend: llama.gpu === false ? "cpu" : llama.gpu,
      loadMs: Math.round(performance.now() - startMs),
      capabilities: prompts.canChat ? ["chat", "completion"] : ["completion"],
    },
    prompts,
    parts: { model, pool, gate, scheduler, contextTokens, prefillPieceTokens: batchTokens },
  };
}

/** One core stays free for everything else: a thread too many makes every step wait for the slowest. */
function defaultThreads(llama: Llama): number {
  return Math.max(1, Math.min(llama.cpuMathCores, availableParallelism()) - 1);
}

function architectureOf(model: LlamaModel): string {
  return model.fileInfo.metadata.general.architecture;
}
