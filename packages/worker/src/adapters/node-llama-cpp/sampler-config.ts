import { MusterError } from "@muster/base";
import type { SequenceEvaluateOptions, Token } from "node-llama-cpp";
import type { NativeSampler } from "./native-context.ts";

/** The part of the library's sampling options that the addon's sampler is set up from, once per answer. */
export type SamplingOptions = Pick<
  SequenceEvaluateOptions,
  "temperature" | "topK" | "topP" | "minP" | "seed" | "repeatPenalty" | "grammarEvaluationState"
> & {
  /** What is added to the logits of these tokens. */
  readonly tokenBias?: ReadonlyMap<Token, number>;
};

const defaultPenaltyWindowTokens = 64;

/**
 * Sets a used sampler up for a new answer. The addon keeps what seems unchanged, the state of its chance with it: so
 * first something that differs in all. From then on the sampler itself follows the tokens that it gives.
 */
export function setUpSampler(sampler: NativeSampler, options: SamplingOptions): void {
  const config = samplerConfig(options);
  sampler.applyConfig({ seed: differentSeed(config.seed) });
  sampler.applyConfig(config);
}

/** For an answer that goes on under another grammar; chance and penalties go on as they were. */
export function changeGrammar(sampler: NativeSampler, options: SamplingOptions): void {
  sampler.applyConfig(samplerConfig(options));
}

export function grammarStateOf({ grammarEvaluationState: state }: SamplingOptions) {
  return typeof state === "function" ? state() : state;
}

function samplerConfig(options: SamplingOptions) {
  return {
    temperature: options.temperature ?? 0,
    topK: options.topK ?? 64,
    topP: options.topP ?? 1,
    minP: options.minP ?? 0,
    seed: requiredSeed(options.seed),
    ...penalties(options.repeatPenalty),
    ...biases(options.tokenBias),
    ...grammar(options),
  };
}

function requiredSeed(seed: number | undefined): number {
  if (seed === undefined)
    throw new MusterError("engine_failed", "A request reached the engine without a seed.");
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
    repeatPenaltyMaxTokens: Math.max(
      repeatPenalty.maxPunishTokens ?? defaultPenaltyWindowTokens,
      tokens.length,
    ),
    repeatPenaltyTokens: Uint32Array.from(tokens),
    repeatPenaltyPresencePenalty: repeatPenalty.presencePenalty ?? 0,
    repeatPenaltyFrequencyPenalty: repeatPenalty.frequencyPenalty ?? 0,
  };
}

function biases(bias: SamplingOptions["tokenBias"]) {
  if (bias === undefined || bias.size === 0) return {};
  return {
    tokenBiasKeys: Uint32Array.from(bias.keys()),
    tokenBiasValues: Float32Array.from(bias.values()),
  };
}

function grammar(options: SamplingOptions) {
  const state = grammarStateOf(options);
  if (state === undefined) return {};
  return { grammarEvaluationState: (state as unknown as { readonly _state: unknown })._state };
}
