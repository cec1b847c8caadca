import {
  type Capability,
  type EmbedRequest,
  type InferenceDelta,
  type InferenceEvent,
  MusterError,
  type RerankRequest,
  type TokenizeRequest,
} from "@muster/base";
import type { LlamaModel } from "node-llama-cpp";
import { createEmbedder, type Embedder } from "./embedder.ts";
import type { ModelUse } from "./model-use.ts";
import { textsOf } from "./prompt-pieces.ts";
import type { PromptTokenizer } from "./prompt-tokens.ts";
import { createModelReranker, createVectorReranker, type Reranker } from "./reranker.ts";
import { embeddingFrames, generativeFrames, type TextFrames } from "./text-frames.ts";

export type SideRequest = EmbedRequest | RerankRequest | TokenizeRequest;

export interface SideRun {
  readonly isCancelled: () => boolean;
  readonly give: (delta: InferenceDelta) => void;
}

/** What a model does beside writing: it needs none of the slots' caches. */
export interface SideTasks {
  readonly capabilities: readonly Capability[];
  /** Loads what the first request would wait for; gives the library's context. */
  open(): Promise<unknown>;
  /** Throws MusterError: `invalid_request`, `context_length_exceeded`, `unsupported`, `cancelled`. */
  run(request: SideRequest, run: SideRun): Promise<InferenceEvent & { readonly kind: "end" }>;
}

export interface SideTaskParts {
  readonly model: LlamaModel;
  readonly prompts: PromptTokenizer;
  readonly use: ModelUse;
  /** The longest text that becomes a vector or is ranked. */
  readonly maxTokens: number;
  readonly threads: number;
  readonly alone: <T>(task: () => Promise<T>) => Promise<T>;
}

/** A model that writes computes its output layer for every token of a batch: large ones would take gigabytes. */
const writersBatchTokens = 128;

export function createSideTasks(parts: SideTaskParts): SideTasks {
  const { embedder, frames, reranker } = createTools(parts);
  return {
    capabilities: [...(embedder === undefined ? [] : (["embedding"] as const)), "rerank", "tokenize"],
    open: () => (embedder ?? reranker).open(),
    async run(request, run) {
      const startMs = performance.now();
      const promptTokens = await evaluate(request, run);
      return {
        kind: "end",
        reason: "stop",
        usage: { promptTokens, cachedTokens: 0, completionTokens: 0 },
        timings: { prefillMs: performance.now() - startMs, decodeMs: 0 },
      };
    },
  };

  /** Gives the number of the request's tokens. */
  function evaluate(request: SideRequest, run: SideRun): Promise<number> {
    switch (request.task) {
      case "embed":
        return embed(request, run);
      case "rerank":
        return reranker.rank(request, {
          isCancelled: run.isCancelled,
          onScore: (index, score) => run.give({ kind: "score", index, score, tokens: 0 }),
        });
      case "tokenize":
        return tokenize(request, run);
      default:
        return request satisfies never;
    }
  }

  async function embed({ inputs }: EmbedRequest, run: SideRun): Promise<number> {
    if (embedder === undefined)
      throw new MusterError("unsupported", "This model ranks documents and gives no vectors of texts.");
    if (inputs.length === 0)
      throw new MusterError("invalid_request", "There are no inputs.", { param: "input" });
    const texts = inputs.map((text, index) => ({
      text,
      frame: frames.input,
      name: `Input ${index}, counted from 0,`,
      param: "input",
    }));
    return embedder.embed(texts, {
      isCancelled: run.isCancelled,
      onVector: (index, values) => run.give({ kind: "embedding", index, values, tokens: 0 }),
    });
  }

  async function tokenize(request: TokenizeRequest, run: SideRun): Promise<number> {
    const ids = parts.prompts.tokenize(request);
    const texts = await textsOf(parts.model, ids, run.isCancelled);
    run.give({ kind: "token-ids", ids, texts, tokens: 0 });
    return ids.length;
  }
}

interface Tools {
  /** Undefined: the model only ranks. */
  readonly embedder: Embedder | undefined;
  readonly frames: TextFrames;
  readonly reranker: Reranker;
}

function createTools({ model, use, maxTokens, threads, alone }: SideTaskParts): Tools {
  const frames =
    use.kind === "generate"
      ? generativeFrames
      : embeddingFrames(model.fileInfo.metadata.general.architecture);
  if (use.kind === "rank")
    return {
      embedder: undefined,
      frames,
      reranker: createModelReranker(model, { maxTokens, threads, alone }),
    };
  const isWhole = use.kind === "embed" && use.isWhole;
  const batchTokens = isWhole ? maxTokens : Math.min(maxTokens, writersBatchTokens);
  const embedder = createEmbedder(model, { maxTokens, batchTokens, threads, alone });
  return { embedder, frames, reranker: createVectorReranker(embedder, frames) };
}
