/** What an engine is asked to generate, and what comes back: plain values, the same in every part of Muster. */

export interface ChatMessage {
  readonly role: "system" | "user" | "assistant" | "tool";
  readonly content: string;
  readonly name?: string;
}

export type Prompt =
  | { readonly kind: "chat"; readonly messages: readonly ChatMessage[] }
  | { readonly kind: "text"; readonly text: string };

export interface Sampling {
  /** 0 is greedy. */
  readonly temperature: number;
  /** Never 0 on vocabularies of Gemma's size: it sorts 262,144 candidates per token. */
  readonly topK: number;
  readonly topP: number;
  readonly minP: number;
  /** A 32-bit unsigned integer, always given: the library's own default is the clock's second. */
  readonly seed: number;
  readonly frequencyPenalty: number;
  readonly presencePenalty: number;
}

export interface GenerateRequest {
  readonly prompt: Prompt;
  readonly sampling: Sampling;
  /** Undefined: until the model stops or the slot's context is full. */
  readonly maxTokens: number | undefined;
  /** Text that ends the answer and is not part of it. */
  readonly stop: readonly string[];
}

export interface GenerateUsage {
  readonly promptTokens: number;
  /** Prompt tokens that were in the slot's cache already. */
  readonly cachedTokens: number;
  readonly completionTokens: number;
}

export interface GenerateTimings {
  /** From the start of the evaluation to the first token. */
  readonly prefillMs: number;
  /** From the first token to the last. */
  readonly decodeMs: number;
}

export type GenerateEvent =
  /** A piece of the answer; pieces are cut at characters, never inside one. `tokens` made it up. */
  | { readonly kind: "text"; readonly text: string; readonly tokens: number }
  /** Always the last event of an answer that did not fail. */
  | {
      readonly kind: "end";
      readonly reason: "stop" | "length";
      readonly usage: GenerateUsage;
      readonly timings: GenerateTimings;
    };
