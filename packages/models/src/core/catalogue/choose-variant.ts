import { type Fit, type FitWish, fitShape } from "../sizing/fit-shape.ts";
import type { ModelEntry, ModelVariant } from "./model-entry.ts";

export interface VariantChoice {
  readonly variant: ModelVariant;
  readonly fit: Fit;
  /** Of better quality, and too large for this. */
  readonly tooLarge: readonly ModelVariant[];
}

/**
 * The file of a model for one machine: the best quality that GPUs hold whole, else the best that fits at all. Where none
 * fits it is the smallest, and its `fit` says so.
 */
export function chooseVariant(entry: ModelEntry, wish: FitWish): VariantChoice {
  const all = entry.variants.map((variant) => ({ variant, fit: fitShape(variant.profile, wish) }));
  const [first] = all
    .filter(({ fit }) => fit.kind === "fits")
    .sort((a, b) => standing(a.fit, wish) - standing(b.fit, wish));
  const smallest = all.reduce((least, each) =>
    each.variant.profile.weightsBytes < least.variant.profile.weightsBytes ? each : least,
  );
  const chosen = first ?? smallest;
  const better = all.slice(0, all.indexOf(chosen));
  return { ...chosen, tooLarge: better.map(({ variant }) => variant) };
}

/** On GPUs before elsewhere, then what is wanted in full before less of it; the quality decides among equals. */
function standing(fit: Fit, wish: FitWish): number {
  if (fit.kind === "none") return Number.POSITIVE_INFINITY;
  const isWhole = fit.shape.slots >= wish.slots;
  return (fit.device === "gpu" ? 0 : 2) + (isWhole ? 0 : 1);
}
