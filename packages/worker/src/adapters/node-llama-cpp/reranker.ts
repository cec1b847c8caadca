import { MusterError } from "@muster/base";
import type { LlamaModel, Token } from "node-llama-cpp";
import { type Embedder, emptyText, nextTurn, textTooLong, throwIfCancelled } from "./embedder.ts";
import { lazy } from "./lazy.ts";
import type { TextFrames } from "./text-frames.ts";
import { createTurns } from "./turns.ts";

export interface RerankTask {
  readonly query: string;
  readonly documents: readonly string[];
}

export interface Reranker {
  /** Loads now what is else loaded by the first use; gives the library's context. */
  open(): Promise<unknown>;
  /**
   * Gives each document's score, 0 to 1; returns how many tokens were evaluated.
   * Throws MusterError `invalid_request`, `context_length_exceeded`, `cancelled`.
   */
  rank(
    task: RerankTask,
    run: { readonly isCancelled: () => boolean; readonly onScore: (index: number, score: number) => void },
  ): Promise<number>;
}

/** By a model that reads the query and a document together and judges them. */
export function createModelReranker(
  model: LlamaModel,
  options: {
    readonly maxTokens: number;
    readonly threads: number;
    readonly alone: <T>(task: () => Promise<T>) => Promise<T>;
  },
): Reranker {
  const { maxTokens, threads, alone } = options;
  const turns = createTurns();
  const context = lazy(() =>
    // The library refuses a text that fills its context; encoders need a batch that holds it whole.
    model.createRankingContext({ contextSize: maxTokens + 1, batchSize: maxTokens, threads }),
  );
  const ending = missingEnd(model);
  return {
    open: context,
    async rank(task, { isCancelled, onScore }) {
      checkTexts(task);
      const opened = await context();
      const query = model.tokenize(task.query, false, "trimLeadingSpace");
      const pairs: { readonly document: Token[]; readonly length: number }[] = [];
      for (const [index, text] of task.documents.entries()) {
        const document = [...model.tokenize(text, false, "trimLeadingSpace"), ...ending];
        const length = opened.calculateInputLength(query, document);
        if (length > maxTokens) {
          const name = `Document ${index}, counted from 0, together with the query,`;
          throw textTooLong({ name, param: "documents" }, length, maxTokens);
        }
        pairs.push({ document, length });
        await nextTurn();
      }
      for (const [index, { document }] of pairs.entries()) {
        const score = await turns(() => {
          throwIfCancelled(isCancelled);
          return alone(() => opened.rank(query, document));
        });
        onScore(index, score);
      }
      return pairs.reduce((sum, { length }) => sum + length, 0);
    },
  };
}

/** By how near the vectors are: what an embedding model can say. The score is (cosine + 1) / 2. */
export function createVectorReranker(embedder: Embedder, frames: TextFrames): Reranker {
  return {
    open: () => embedder.open(),
    rank(task, { isCancelled, onScore }) {
      checkTexts(task);
      let queryVector: readonly number[] = [];
      const texts = [
        { text: task.query, frame: frames.query, name: "The query", param: "query" },
        ...task.documents.map((text, index) => ({
          text,
          frame: frames.document,
          name: documentName(index),
          param: "documents",
        })),
      ];
      return embedder.embed(texts, {
        isCancelled,
        onVector(index, vector) {
          if (index === 0) queryVector = vector;
          else onScore(index - 1, nearness(queryVector, vector));
        },
      });
    },
  };
}

function checkTexts({ query, documents }: RerankTask): void {
  if (query === "") throw emptyText({ name: "The query", param: "query" });
  if (documents.length === 0)
    throw new MusterError("invalid_request", "There are no documents to rank.", { param: "documents" });
  const empty = documents.indexOf("");
  if (empty >= 0) throw emptyText({ name: documentName(empty), param: "documents" });
}

function documentName(index: number): string {
  return `Document ${index}, counted from 0,`;
}

/** Both of length 1. */
function nearness(a: readonly number[], b: readonly number[]): number {
  const cosine = a.reduce((sum, value, i) => sum + value * (b[i] ?? 0), 0);
  return Math.min(1, Math.max(0, (cosine + 1) / 2));
}

/** BERT's pairs end with a separator, which the library writes only where it is the end token too. */
function missingEnd({ tokens, fileInfo }: LlamaModel): Token[] {
  const hasTemplate = fileInfo.metadata.tokenizer["chat_template.rerank"] !== undefined;
  return !hasTemplate && tokens.eos === null && tokens.sep !== null ? [tokens.sep] : [];
}
