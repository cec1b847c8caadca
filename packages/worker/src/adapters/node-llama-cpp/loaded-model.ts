import { stat } from "node:fs/promises";
import { availableParallelism } from "node:os";
import type { Capability } from "@muster/base";
import { modelParts, readGgufFile } from "@muster/models";
import { type Llama, type LlamaContext, LlamaLogLevel, type LlamaModel } from "node-llama-cpp";
import type { ReplicaInfo } from "../../ports/engine.ts";
import type { ChildLoadSpec } from "./child-messages.ts";
import { engineVersion } from "./engine-version.ts";
import { createGrammarCache } from "./grammar-cache.ts";
import { measureThreads, threadCandidates } from "./measure-threads.ts";
import { measuredMemory } from "./measured-memory.ts";
import { modelUse } from "./model-use.ts";
import { type NativeEngine, nativeEngine } from "./native-context.ts";
import { openLlama } from "./open-llama.ts";
import { createPromptTokenizer, type PromptTokenizer } from "./prompt-tokens.ts";
import type { LoopParts } from "./request-loop.ts";
import { SequencePool } from "./sequence-pool.ts";
import { createSideTasks, type SideTasks } from "./side-tasks.ts";
import { StepLoop } from "./step-loop.ts";
import { createObservers } from "./token-probabilities.ts";

export interface LoadedModel {
  readonly info: ReplicaInfo;
  readonly prompts: PromptTokenizer;
  /** Undefined: the model gives vectors or scores, and does not write. */
  readonly parts: LoopParts | undefined;
  readonly tasks: SideTasks;
}

const defaultMaxContextTokens = 8192;
const batchTokens = 512;
/** The longest text that becomes a vector, unless the load asks for more: such a text is evaluated in one batch. */
const defaultMaxTextTokens = 2048;
/** Threads are measured on steps of so many sequences. */
const measuredSequences = 4;
/** On a CPU a step's time grows with its tokens, so decoders wait less; a GPU wants large steps. */
const prefillTokensPerStep = { cpu: 128, gpu: 448 };

/** Loads a model and makes one context for all its slots. Throws what the library throws. */
export async function loadModel(
  spec: ChildLoadSpec,
  onProgress: (fraction: number) => void,
): Promise<LoadedModel> {
  const startMs = performance.now();
  // Here, and not where the worker's keys are: what is wrong with a file shows itself before native code sees it.
  for (const part of modelParts(spec.modelPath)) await readGgufFile(part);
  const { size } = await stat(spec.modelPath);
  const opened = await openLlama({
    gpu: spec.gpu,
    maxThreads: spec.threads ?? availableParallelism(),
    logLevel: LlamaLogLevel.warn,
    logger: (level, message) => process.stderr.write(`${level}: ${message.trimEnd()}\n`),
    addonPath: spec.addonPath,
  });
  const { llama, build } = opened;
  process.stderr.write(`info: engine build: ${build}\n`);
  const model = await llama.loadModel({
    modelPath: spec.modelPath,
    onLoadProgress: onProgress,
    ...(spec.gpuLayers === undefined ? {} : { gpuLayers: spec.gpuLayers }),
  });
  const use = modelUse(model);
  const contextTokens =
    use.kind === "generate"
      ? (spec.contextTokens ?? Math.min(model.trainContextSize, defaultMaxContextTokens))
      : Math.min(model.trainContextSize, spec.contextTokens ?? defaultMaxTextTokens);
  const prompts = createPromptTokenizer(model);
  const loop =
    use.kind === "generate"
      ? await createLoopParts(model, prompts, { slots: spec.slots, contextTokens, threads: spec.threads })
      : undefined;
  const parts = loop?.parts;
  const threads = spec.threads ?? loop?.threads ?? defaultThreads(llama);
  const tasks = createSideTasks({
    model,
    prompts,
    use,
    maxTokens: Math.min(contextTokens, spec.contextTokens ?? defaultMaxTextTokens),
    threads,
    // Vulkan's queues are for one evaluation at a time, whatever the context.
    alone: (task) => (parts !== undefined && llama.gpu === "vulkan" ? parts.steps.exclusively(task) : task()),
  });
  const contexts = loop === undefined ? [await tasks.open()] : [loop.context];
  const gpus = llama.gpu === false ? [] : await llama.getGpuDeviceNames();
  return {
    info: {
      engine: "node-llama-cpp",
      engineVersion: engineVersion(opened),
      architecture: architectureOf(model),
      fileBytes: size,
      contextTokens,
      slots: spec.slots,
      threads,
      backend: llama.gpu === false ? "cpu" : llama.gpu,
      loadMs: Math.round(performance.now() - startMs),
      capabilities: [...(parts === undefined ? [] : writingCapabilities(prompts)), ...tasks.capabilities],
      memory: measuredMemory(model, { contexts, vocabularySize: prompts.vocabulary.size, gpus: gpus.length }),
      offload: { gpuLayers: model.gpuLayers, layers: model.fileInsights.totalLayers },
    },
    prompts,
    parts,
    tasks,
  };
}

/** One context for all slots, and what drives it. */
async function createLoopParts(
  model: LlamaModel,
  { vocabulary }: PromptTokenizer,
  {
    slots,
    contextTokens,
    threads,
  }: { readonly slots: number; readonly contextTokens: number; readonly threads: number | undefined },
): Promise<{ readonly parts: LoopParts; readonly threads: number; readonly context: LlamaContext }> {
  const context = await model.createContext({
    sequences: slots,
    contextSize: contextTokens,
    failedCreationRemedy: false,
    batchSize: batchTokens,
    threads: threads ?? cores(model.llama),
    flashAttention: "auto",
  });
  const engine = nativeEngine(context, model);
  const steps = new StepLoop(engine, {
    batchTokens,
    prefillTokensPerStep: model.llama.gpu === false ? prefillTokensPerStep.cpu : prefillTokensPerStep.gpu,
    nowMs: () => performance.now(),
  });
  const { isRecurrent, isHybrid, swaSize } = model.fileInsights;
  const pool = new SequencePool({
    context: engine.context,
    loop: steps,
    rules: { isRecurrent: isRecurrent || isHybrid, windowTokens: swaSize },
    sequences: Array.from({ length: slots }, (_, id) => ({
      id,
      tokens: [],
      sampler: engine.createSampler(),
    })),
  });
  const chosenThreads = threads ?? (await chooseThreads(engine, model, slots));
  const parts = {
    model,
    vocabulary,
    grammars: createGrammarCache(model),
    pool,
    steps,
    contextTokens,
    observerOf: createObservers(engine),
  };
  return { parts, threads: chosenThreads, context };
}

/** With a GPU the CPU has next to nothing to do, and one core stays free. */
async function chooseThreads(engine: NativeEngine, model: LlamaModel, slots: number): Promise<number> {
  if (model.llama.gpu !== false) {
    const threads = defaultThreads(model.llama);
    engine.context.setThreads(threads);
    return threads;
  }
  const { threads, stepMs } = await measureThreads(engine.context, {
    candidates: threadCandidates(cores(model.llama)),
    sequences: Math.min(slots, measuredSequences),
    token: model.tokens.bos ?? 0,
    nowMs: () => performance.now(),
  });
  const times = [...stepMs].map(([count, ms]) => `${count}: ${ms.toFixed(1)} ms`).join(", ");
  process.stderr.write(`info: ${threads} threads, measured per step: ${times}\n`);
  return threads;
}

function cores(llama: Llama): number {
  return Math.max(1, Math.min(llama.cpuMathCores, availableParallelism()));
}

function writingCapabilities({ canChat, dialect }: PromptTokenizer): readonly Capability[] {
  const always: readonly Capability[] = ["completion", "structured_output", "logprobs", "logit_bias"];
  if (!canChat) return always;
  return ["chat", ...always, "tools", ...(dialect.thought === undefined ? [] : (["thinking"] as const))];
}

function defaultThreads(llama: Llama): number {
  return Math.max(1, cores(llama) - 1);
}

function architectureOf(model: LlamaModel): string {
  return model.fileInfo.metadata.general.architecture;
}
