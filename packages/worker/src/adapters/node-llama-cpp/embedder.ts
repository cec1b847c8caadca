import { MusterError } from "@muster/base";
import type { LlamaEmbeddingContext, LlamaModel, Token } from "node-llama-cpp";
import { lazy } from "./lazy.ts";
import type { TextFrame } from "./text-frames.ts";
import { createTurns } from "./turns.ts";

/** A text with what to call it in an error. */
export interface NamedText {
  readonly text: string;
  readonly frame: TextFrame;
  readonly name: string;
  readonly param: string;
}

export interface Embedder {
  /** Loads now what is else loaded by the first use; gives the library's context. */
  open(): Promise<unknown>;
  /**
   * Gives each text's vector, of length 1, in order; returns how many tokens were evaluated. Nothing is evaluated
   * unless all texts can be. Throws MusterError `invalid_request`, `context_length_exceeded`, `cancelled`.
   */
  embed(
    texts: readonly NamedText[],
    run: {
      readonly isCancelled: () => boolean;
      readonly onVector: (index: number, vector: number[]) => void;
    },
  ): Promise<number>;
}

export interface EmbedderOptions {
  /** The longest text. */
  readonly maxTokens: number;
  /** Tokens evaluated together; a text that must be whole needs `maxTokens`. */
  readonly batchTokens: number;
  readonly threads: number;
  /** Runs a task where nothing else may use the device meanwhile. */
  readonly alone: <T>(task: () => Promise<T>) => Promise<T>;
}

/** Characters of text that are made into tokens before other work gets its turn. */
const charactersPerTurn = 20_000;

/** One text at a time: the library's context holds one, and was seen to hang when asked for several at once. */
export function createEmbedder(model: LlamaModel, options: EmbedderOptions): Embedder {
  const turns = createTurns();
  const context = lazy(() =>
    model.createEmbeddingContext({
      // The library refuses a text that fills its context.
      contextSize: options.maxTokens + 1,
      batchSize: options.batchTokens,
      threads: options.threads,
    }),
  );
  return {
    open: context,
    async embed(texts, { isCancelled, onVector }) {
      const opened = await context();
      const inputs = await tokenizeAll(model, { texts, opened, maxTokens: options.maxTokens, isCancelled });
      for (const [index, { tokens }] of inputs.entries()) {
        const vector = await turns(() => {
          throwIfCancelled(isCancelled);
          return options.alone(() => opened.getEmbeddingFor(tokens));
        });
        onVector(index, toUnitLength(vector.vector));
      }
      return inputs.reduce((sum, { length }) => sum + length, 0);
    },
  };
}

interface Tokenized {
  readonly tokens: Token[];
  /** With the marks that the model wants around a text. */
  readonly length: number;
}

async function tokenizeAll(
  model: LlamaModel,
  parts: {
    readonly texts: readonly NamedText[];
    readonly opened: LlamaEmbeddingContext;
    readonly maxTokens: number;
    readonly isCancelled: () => boolean;
  },
): Promise<Tokenized[]> {
  const tokenized: Tokenized[] = [];
  let characters = 0;
  for (const named of parts.texts) {
    if (named.text === "") throw emptyText(named);
    const tokens = model.tokenize(named.frame(named.text), false);
    if (tokens.length === 0) throw emptyText(named);
    const length = parts.opened.calculateInputLength(tokens.slice());
    if (length > parts.maxTokens) throw textTooLong(named, length, parts.maxTokens);
    tokenized.push({ tokens, length });
    characters += named.text.length;
    if (characters < charactersPerTurn) continue;
    characters = 0;
    await nextTurn();
    throwIfCancelled(parts.isCancelled);
  }
  return tokenized;
}

export function emptyText({ name, param }: Pick<NamedText, "name" | "param">): MusterError {
  return new MusterError("invalid_request", `${name} is empty. Leave it out or give it text.`, { param });
}

export function textTooLong(
  { name, param }: Pick<NamedText, "name" | "param">,
  tokens: number,
  maxTokens: number,
): MusterError {
  return new MusterError(
    "context_length_exceeded",
    `${name} has ${tokens} tokens, and the model takes ${maxTokens} at once. Shorten it or cut it into pieces.`,
    { param },
  );
}

export function throwIfCancelled(isCancelled: () => boolean): void {
  if (isCancelled()) throw new MusterError("cancelled", "The answer was cancelled.");
}

export function nextTurn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}

function toUnitLength(vector: readonly number[]): number[] {
  const length = Math.sqrt(vector.reduce((sum, value) => sum + value * value, 0));
  if (!Number.isFinite(length) || length === 0)
    throw new MusterError("engine_failed", "The model gave a vector of no length.");
  return vector.map((value) => value / length);
}
