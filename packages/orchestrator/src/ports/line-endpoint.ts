import type { Capability, GenerateUsage, InferenceDelta, InferenceRequest } from "@muster/base";
import type { RecommendedSampling } from "@muster/models";
import type { BatchEndpoint } from "../core/batches/batch.ts";
import type { AnswerEvent } from "../core/job.ts";

/** One sequence that a line needs. Parts of a line run one after the other. */
export interface LinePart<State = unknown> {
  readonly request: InferenceRequest;
  begin(): State;
  add(state: State, delta: InferenceDelta): void;
}

export interface CollectedPart<State = unknown> {
  readonly state: State;
  readonly end: Extract<AnswerEvent, { readonly kind: "end" }>;
}

/** What one line asks for. */
export interface LinePlan {
  readonly model: string;
  readonly needs: ReadonlySet<Capability>;
  /** The field that asks for what a model may not be able to do, where it is not that of chat completions. */
  readonly params?: Partial<Record<Capability, string>> | undefined;
  readonly parts: readonly LinePart[];
  /** The body of the response, in the endpoint's words. Throws MusterError for what only shows at the end. */
  word(collected: readonly CollectedPart[]): unknown;
  /** The same line has the same answer: temperature 0, or a seed of its own. */
  readonly isDeterministic: boolean;
  /** How the prompt begins, as far as other lines may share it; for grouping. */
  readonly leading: string;
  /** Of all parts together, in characters. */
  readonly promptLength: number;
  /** Most tokens that may be generated, for all parts together; undefined: up to the context. */
  readonly maxTokens: number | undefined;
}

/** What an answer's body is made with: the same again when a line is run again. */
export interface LineIdentity {
  /** Unique for the line: part of the ids in its body. */
  readonly name: string;
  /** Used where the line brings none. */
  readonly seed: number;
  readonly createdAtSeconds: number;
  /** The model that it is run on, where its name in the body stands for another; with what its makers recommend. */
  readonly runOn?: { readonly model: string; readonly sampling: RecommendedSampling | undefined } | undefined;
}

/** The endpoints that lines are for, as the HTTP routes have them. */
export interface LineEndpoints {
  /** Throws MusterError (`invalid_request`, `unsupported`) for a body that the endpoint would refuse. */
  plan(endpoint: BatchEndpoint, body: unknown, identity: LineIdentity): LinePlan;
  /** What the endpoint answers in place of a body: its status and error body. */
  failure(error: unknown): { readonly status: number; readonly body: unknown };
}

/** The sum, as OpenAI counts a request. */
export function totalUsage(collected: readonly CollectedPart[]): GenerateUsage {
  return collected.reduce<GenerateUsage>(
    (sum, { end: { usage } }) => ({
      promptTokens: sum.promptTokens + usage.promptTokens,
      cachedTokens: sum.cachedTokens + usage.cachedTokens,
      completionTokens: sum.completionTokens + usage.completionTokens,
      reasoningTokens: (sum.reasoningTokens ?? 0) + (usage.reasoningTokens ?? 0),
    }),
    { promptTokens: 0, cachedTokens: 0, completionTokens: 0, reasoningTokens: 0 },
  );
}
