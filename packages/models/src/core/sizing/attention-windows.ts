import type { HyperParameters } from "./hyper-parameters.ts";

export interface AttentionWindows {
  /** 0: no layer has a window. */
  readonly tokens: number;
  readonly hasWindow: (layer: number) => boolean;
}

/** How an architecture lays out its windows: what llama.cpp's models/<architecture>.cpp reads and falls back to. */
interface WindowRule {
  /** Every so many layers one sees the whole context: the last of them, or the first. `listed`: the file names them. */
  readonly period: number | "listed";
  readonly isWholeFirst?: boolean;
  /** Where the file does not say; without it such a file has no windows. */
  readonly tokens?: number;
  /** Whatever number the file says, unless that is 0. */
  readonly fixedTokens?: number;
  /** Only with so many layers. */
  readonly layers?: number;
}

const rules: Readonly<Record<string, WindowRule>> = {
  afmoe: { period: 4 },
  cohere2: { period: 4 },
  cohere2moe: { period: 4, isWholeFirst: true },
  exaone4: { period: 4, tokens: 4096, layers: 64 },
  "exaone-moe": { period: 4, tokens: 128 },
  gemma2: { period: 2, tokens: 4096 },
  gemma3: { period: 6 },
  gemma3n: { period: 5 },
  gemma4: { period: "listed" },
  "gemma-embedding": { period: 6 },
  "gpt-oss": { period: 2 },
  granite_swa: { period: "listed" },
  laguna: { period: 4, isWholeFirst: true },
  llama4: { period: 4, tokens: 8192, fixedTokens: 8192 },
  maple: { period: "listed" },
  mellum: { period: 4 },
  mimo2: { period: "listed" },
  "modern-bert": { period: 3, isWholeFirst: true },
  "muse-glimmer": { period: 4 },
  olmo2: { period: 4 },
  plamo3: { period: 8 },
  smallthinker: { period: 4, isWholeFirst: true, fixedTokens: 4096 },
  spark2_5: { period: "listed" },
  step35: { period: "listed" },
};

const none: AttentionWindows = { tokens: 0, hasWindow: () => false };

/**
 * Which layers see a window only. Architectures without a rule (phi3 among them, whatever its file says) keep the
 * whole context in every layer.
 */
export function attentionWindows(
  parameters: HyperParameters,
  { layers, isRecurrent }: { readonly layers: number; readonly isRecurrent: (layer: number) => boolean },
): AttentionWindows {
  const said = parameters.number("attention.sliding_window");
  // LFM 2: every layer with attention has it (models/lfm2.cpp).
  if (parameters.architecture === "lfm2") {
    return said === undefined || said === 0
      ? none
      : { tokens: said, hasWindow: (layer) => !isRecurrent(layer) };
  }
  const rule = Object.hasOwn(rules, parameters.architecture) ? rules[parameters.architecture] : undefined;
  if (rule === undefined || said === 0 || (rule.layers !== undefined && rule.layers !== layers)) return none;
  const tokens = said === undefined ? rule.tokens : (rule.fixedTokens ?? said);
  if (tokens === undefined) return none;
  const key = "attention.sliding_window_pattern";
  if (parameters.isList(key)) {
    return { tokens, hasWindow: (layer) => (parameters.ofLayer(key, layer) ?? 0) !== 0 };
  }
  if (rule.period === "listed") return none;
  const period = parameters.number(key) ?? rule.period;
  const whole = rule.isWholeFirst === true ? 0 : period - 1;
  return { tokens, hasWindow: (layer) => period === 0 || layer % period !== whole };
}
