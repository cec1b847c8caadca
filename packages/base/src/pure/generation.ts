/** What an engine is asked to generate, and what comes back: plain values, the same in every part of Muster. */

/** A picture or a recording inside a message. */
export interface Media {
  readonly kind: "image" | "audio";
  /** `image/png`, `audio/wav`, ... */
  readonly mediaType: string;
  readonly base64: string;
  /** Where it stands: before this character of the message's text. */
  readonly at: number;
}

export interface ToolCall {
  readonly id: string;
  readonly name: string;
  /** A JSON object, as text. */
  readonly argumentsJson: string;
}

export interface ChatMessage {
  readonly role: "system" | "user" | "assistant" | "tool";
  /** "" where an assistant only called tools. */
  readonly content: string;
  readonly name?: string;
  /** What an assistant thought before it answered; most templates leave out that of earlier turns. */
  readonly reasoning?: string;
  /** What an assistant called. */
  readonly toolCalls?: readonly ToolCall[];
  /** With role `tool`: the call that this is the result of. */
  readonly toolCallId?: string;
  readonly media?: readonly Media[];
}

export type Prompt =
  | { readonly kind: "chat"; readonly messages: readonly ChatMessage[] }
  | { readonly kind: "text"; readonly text: string };

export interface LogitBias {
  /** In the model's own vocabulary; see the tokenize task. */
  readonly tokenId: number;
  /** Added to the token's logit: -100 forbids it, 100 forces it. */
  readonly bias: number;
}

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
  /** Divides the logits of tokens that came lately; undefined or 1: none. */
  readonly repetitionPenalty?: number;
  readonly logitBias?: readonly LogitBias[];
}

/** A JSON Schema. Where it comes from a client its depth has been bounded. */
export type JsonSchema = boolean | Readonly<Record<string, unknown>>;

export interface ToolDefinition {
  readonly name: string;
  readonly description?: string;
  /** Of an object: the arguments. Undefined: none. */
  readonly parameters?: JsonSchema;
}

export type ToolChoice =
  | { readonly kind: "auto" }
  /** The tools stay in the prompt and are not called. */
  | { readonly kind: "none" }
  | { readonly kind: "required" }
  | { readonly kind: "named"; readonly name: string };

export interface ToolUse {
  readonly definitions: readonly ToolDefinition[];
  readonly choice: ToolChoice;
  /** Whether one answer may hold several calls. */
  readonly isParallel: boolean;
}

export type OutputFormat =
  /** Any JSON object. */
  { readonly kind: "json-object" } | { readonly kind: "json-schema"; readonly schema: JsonSchema };

export interface Thinking {
  readonly mode: "on" | "off";
  /** Tokens of thought after which the model must answer; undefined: no limit of its own. */
  readonly budgetTokens?: number;
}

export interface GenerateRequest {
  readonly task: "generate";
  readonly prompt: Prompt;
  readonly sampling: Sampling;
  /** Undefined: until the model stops or the slot's context is full. Thoughts count too. */
  readonly maxTokens: number | undefined;
  /** Text that ends the answer and is not part of it. */
  readonly stop: readonly string[];
  readonly tools?: ToolUse;
  /** Undefined: free text. */
  readonly format?: OutputFormat;
  /** Undefined: as the model's chat template has it. Models that cannot think take no notice. */
  readonly thinking?: Thinking;
  /** How many alternatives to report per token, 0 to 20; undefined: no probabilities at all. */
  readonly topLogprobs?: number;
  /** Beginnings of prompts are shared only between requests with the same one; undefined is one as well. */
  readonly cacheSalt?: string;
}

/** The salt of golden prompts, which are the same for everybody: no tenant's, since those are hexadecimal. */
export const goldenCacheSalt = "golden";

export interface GenerateUsage {
  readonly promptTokens: number;
  /** Prompt tokens that were in the slot's cache already. */
  readonly cachedTokens: number;
  /** Thoughts included. */
  readonly completionTokens: number;
  /** Of the completion tokens, those that were thought. */
  readonly reasoningTokens?: number;
}

export interface GenerateTimings {
  /** From the start of the evaluation to the first token. */
  readonly prefillMs: number;
  /** From the first token to the last. */
  readonly decodeMs: number;
}

/**
 * Natural logarithms of probabilities, over the model's 64 likeliest tokens at temperature 1 (approximate by that
 * much), before penalties, biases and grammars; -9999 for a token that is not among them.
 */
export interface TokenLogprob {
  readonly text: string;
  readonly logprob: number;
  readonly top: readonly { readonly text: string; readonly logprob: number }[];
}

/** Why an answer ended. `tool_calls`: the model called tools and waits for their results. */
export type EndReason = "stop" | "length" | "tool_calls";
