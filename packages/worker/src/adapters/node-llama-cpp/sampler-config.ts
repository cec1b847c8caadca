import { MusterError } from "@muster/base";
import type { LlamaModel, SequenceEvaluateOptions, Token } from "node-llama-cpp";
import type { NativeSampler } from "./native-context.ts";

/** The part of the library's sampling options that the addon's sampler is set up from, once per answer. */
export type SamplingOptions = Pick<
  SequenceEvaluateOptions,
  | "temperature"
  | "topK"
  | "topP"
  | "minP"
  | "seed"
  | "repeatPenalty"
  | "tokenBias"
  | "grammarEvaluationState"
>;

const defaultPenaltyWindowTokens = 64;

/**
 * Sets a used sampler up for a new answer. The addon keeps what seems unchanged, the state of its chance with it: so
 * first something that differs in all. From then on the sampler itself follows the tokens that it gives.
 */
export function setUpSampler(sampler: NativeSampler, options: SamplingOptions, model: LlamaModel): void {
  const config = samplerConfig(options, model);
  sampler.applyConfig({ seed: differentSeed(config.seed) });
  sampler.applyConfig(config);
}

function samplerConfig(options: SamplingOptions, model: LlamaModel) {
  return {
    temperature: options.temperature ?? 0,
    topK: options.topK ?? 64,
    topP: options.topP ?? 1,
    minP: options.minP ?? 0,
    seed: requiredSeed(options.seed),
    ...penalties(options.repeatPenalty),
    ...biases(options.tokenBias, model),
    ...grammar(options.grammarEvaluationState),
  };
}

function requiredSeed(seed: number | undefined): number {
  if (seed === undefined) throw new MusterError("engine_failed", "A request reached the engine without a seed.");
  return seed;
}

function differentSeed(seed: number): number {
  return seed === 0 ? 1 : seed - 1;
}

function penalties(repeatPenalty: SamplingOptions["repeatPenalty"]) {
  if (repeatPenalty === undefined) return {};
  const { punishTokens } = repeatPenalty;
  const tokens: Token[] = typeof punishTokens === "function" ? punishTokens() : punishTokens;
  return {
    repeatPenalty: repeatPenalty.penalty ?? 1,
    repeatPenaltyMaxTokens: Math.max(repeatPenalty.maxPunishTokens ?? defaultPenaltyWindowTokens, tokens.length),
    repeatPenaltyTokens: Uint32Array.from(tokens),
    repeatPenaltyPresencePenalty: repeatPenalty.presencePenalty ?? 0,
    repeatPenaltyFrequencyPenalty: repeatPenalty.frequencyPenalty ?? 0,
  };
}

function biases(option: SamplingOptions["tokenBias"], model: LlamaModel) {
  const bias = typeof option === "function" ? option() : option;
  if (bias === undefined) return {};
  const { _biases: entries, _tokenizer: tokenizer } = bias as unknown as BiasEntries;
  if (tokenizer !== model.tokenizer) {
    throw new MusterError("engine_failed", "A token bias was made for another model than the one that answers.");
  }
  if (entries.size === 0) return {};
  return {
    tokenBiasKeys: Uint32Array.from(entries.keys()),
    tokenBiasValues: Float32Array.from(entries.values()),
  };
}

/** Private to the library's TokenBias. */
interface BiasEntries {
  readonly _biases: ReadonlyMap<Token, number>;
  readonly _tokenizer: unknown;
}

function grammar(option: SamplingOptions["grammarEvaluationState"]) {
  const state = typeof option === "function" ? option() : option;
  if (state === undefined) return {};
  return { grammarEvaluationState: (state as unknown as { readonly _state: unknown })._state };
}
