import type {
  EndReason,
  GenerateRequest,
  GenerateTimings,
  GenerateUsage,
  Prompt,
  Thinking,
  TokenLogprob,
  ToolUse,
} from "./generation.ts";

/** One vector for each text. */
export interface EmbedRequest {
  readonly task: "embed";
  readonly inputs: readonly string[];
}

/** How well each document answers the query. */
export interface RerankRequest {
  readonly task: "rerank";
  readonly query: string;
  readonly documents: readonly string[];
}

/** The tokens that a prompt becomes. */
export interface TokenizeRequest {
  readonly task: "tokenize";
  readonly prompt: Prompt;
  /** Chat templates write both into a conversation. */
  readonly tools?: ToolUse;
  readonly thinking?: Thinking;
}

/** Everything that a replica can be asked. */
export type InferenceRequest = GenerateRequest | EmbedRequest | RerankRequest | TokenizeRequest;

/** A piece of what came out. `tokens`: how many generated tokens made it up. */
export type InferenceDelta = { readonly tokens: number } & (
  | {
      /** A piece of the answer; pieces are cut at characters, never inside one. */
      readonly kind: "text";
      readonly text: string;
      readonly logprobs?: readonly TokenLogprob[];
    }
  /** A piece of the thought that comes before the answer, without the model's marks. */
  | { readonly kind: "reasoning"; readonly text: string }
  /** Call number `index` (from 0) begins; its arguments follow. */
  | { readonly kind: "tool-call"; readonly index: number; readonly id: string; readonly name: string }
  /** A piece of the JSON object of arguments of call number `index`; the pieces of one call add up to valid JSON. */
  | { readonly kind: "tool-arguments"; readonly index: number; readonly text: string }
  /** The vector of input number `index`, of length 1. */
  | { readonly kind: "embedding"; readonly index: number; readonly values: readonly number[] }
  /** How well document number `index` answers the query, 0 to 1. */
  | { readonly kind: "score"; readonly index: number; readonly score: number }
  | { readonly kind: "token-ids"; readonly ids: readonly number[]; readonly texts: readonly string[] }
);

/** How something ended that did not fail. */
export interface InferenceEnd {
  readonly reason: EndReason;
  /** With `stop`: which of the request's stop texts ended the answer, where one did and the engine can tell. */
  readonly stopText?: string;
  readonly usage: GenerateUsage;
  readonly timings: GenerateTimings;
}

export type InferenceEvent =
  | InferenceDelta
  /** Always the last event of what did not fail. */
  | ({ readonly kind: "end" } & InferenceEnd);

/** What a replica can be asked for, by name. Requests go only to replicas that can do all they need. */
export const capabilities = [
  /** Chat messages: there is a chat template. */
  "chat",
  /** A text to be continued. */
  "completion",
  "tools",
  /** JSON that a grammar holds the model to. */
  "structured_output",
  /** Thoughts before the answer, told apart from it. Never needed: other models answer without. */
  "thinking",
  "logprobs",
  "logit_bias",
  /** Vectors of texts: models made for it, and those that write (theirs are weaker). */
  "embedding",
  /** Scores of documents: by a reranker, or by how near an embedding's vectors are, as (cosine + 1) / 2. */
  "rerank",
  "tokenize",
  "vision",
  "audio",
] as const;

export type Capability = (typeof capabilities)[number];

export function isCapability(text: string): text is Capability {
  return (capabilities as readonly string[]).includes(text);
}

/** What a replica must be able to do to take the request. */
export function neededCapabilities(request: InferenceRequest): ReadonlySet<Capability> {
  switch (request.task) {
    case "embed":
      return new Set(["embedding"]);
    case "rerank":
      return new Set(["rerank"]);
    case "tokenize":
      return neededToTokenize(request);
    case "generate":
      return neededToGenerate(request);
    default:
      return request satisfies never;
  }
}

function neededToTokenize({ prompt, tools }: TokenizeRequest): Set<Capability> {
  const needed = new Set<Capability>(["tokenize"]);
  if (prompt.kind === "chat") needed.add("chat");
  if (tools !== undefined && tools.definitions.length > 0) needed.add("tools");
  return needed;
}

function neededToGenerate({
  prompt,
  tools,
  format,
  topLogprobs,
  sampling,
}: GenerateRequest): Set<Capability> {
  const needed = new Set<Capability>([prompt.kind === "chat" ? "chat" : "completion"]);
  if (tools !== undefined && tools.definitions.length > 0) needed.add("tools");
  if (format !== undefined) needed.add("structured_output");
  if (topLogprobs !== undefined) needed.add("logprobs");
  if ((sampling.logitBias ?? []).length > 0) needed.add("logit_bias");
  if (prompt.kind === "chat") {
    for (const { kind } of prompt.messages.flatMap(({ media }) => media ?? []))
      needed.add(kind === "image" ? "vision" : "audio");
  }
  return needed;
}
