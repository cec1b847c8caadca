import type { Capability } from "@muster/base";
import type { MemoryProfile } from "../memory-profile.ts";

/** Where a fact comes from. `isVerified`: read in the file or repository itself, not told by others or worked out. */
export interface FactSource {
  readonly what: string;
  readonly where: string;
  readonly isVerified: boolean;
}

/** One file of a model. */
export interface ModelVariant {
  /** `q4_k_m`, `q8_0`, `qat-q4_0`: unique within its model. */
  readonly id: string;
  /** As `parseModelUri` reads it. */
  readonly uri: string;
  /** Of all its parts. Undefined: not known until the file is asked for. */
  readonly bytes: number | undefined;
  readonly sha256: string | undefined;
  /** Over all weights, as the file has them: embeddings often have more than the rest. */
  readonly bitsPerWeight: number;
  /** The projector of a model that sees or hears, for engines that take one. */
  readonly projector?: { readonly uri: string; readonly bytes: number | undefined } | undefined;
  /** What is known of its need of memory: from its header, or worked out from the facts of the model. */
  readonly profile: MemoryProfile;
}

/** A prompt with a known answer, at temperature 0 and without thoughts: what a replica must get right before it gets work. */
export interface GoldenPrompt {
  readonly prompt: string;
  /** The answer has to have one of these in it, whatever the case. */
  readonly expects: readonly string[];
  readonly maxTokens: number;
}

/** What a model's makers recommend to sample with. */
export interface RecommendedSampling {
  readonly temperature: number;
  /** Undefined: they do not say. */
  readonly topK?: number | undefined;
  readonly topP: number;
}

export type ModelKind = "chat" | "completion" | "embedding" | "rerank";

/** What people choose by name. */
export interface ModelEntry {
  /** Of `a-z 0-9 . _ -`, as `defaultModelName` makes names of files. */
  readonly id: string;
  /** Other names that it goes by, in lower case. */
  readonly aliases?: readonly string[] | undefined;
  readonly title: string;
  /** Models that stand for each other, of growing size: `gemma-4`. */
  readonly family: string;
  /** Within its family: a higher one answers better. */
  readonly rank: number;
  readonly kind: ModelKind;
  /** Those of the text model that its files hold. 0: not known. */
  readonly parameters: number;
  /** For each token: fewer than all where the model has experts. */
  readonly activeParameters: number;
  readonly maxContextTokens: number;
  /** What a replica of it is given where nothing else is asked. */
  readonly contextTokens: number;
  /** What it can do with an engine that can do it all. */
  readonly capabilities: readonly Capability[];
  /** Requests that say nothing get it. */
  readonly sampling?: RecommendedSampling | undefined;
  readonly licence: string;
  /** Best quality first. One at least. */
  readonly variants: readonly ModelVariant[];
  readonly golden: readonly GoldenPrompt[];
  readonly sources: readonly FactSource[];
  /** `built-in`: comes with Muster's catalogue; `added`: by an administrator. */
  readonly origin: "built-in" | "added";
}
