/** How weights are kept in a file, from the best to the worst: bits for each weight where all of them have this form. */
const quantisations = [
  { id: "f32", bitsPerWeight: 32 },
  { id: "bf16", bitsPerWeight: 16 },
  { id: "f16", bitsPerWeight: 16 },
  { id: "q8_0", bitsPerWeight: 8.5 },
  // As its makers trained it: there is nothing better of these models.
  { id: "mxfp4", bitsPerWeight: 4.5 },
  { id: "q6_k", bitsPerWeight: 6.56 },
  // Trained for its 4 bits: near to 16, and better than larger files that were only rounded.
  { id: "qat-q4_0", bitsPerWeight: 4.6 },
  { id: "q5_k_m", bitsPerWeight: 5.69 },
  { id: "q5_k_s", bitsPerWeight: 5.54 },
  { id: "q5_0", bitsPerWeight: 5.54 },
  { id: "q4_k_m", bitsPerWeight: 4.89 },
  { id: "q4_k_s", bitsPerWeight: 4.67 },
  { id: "q4_0", bitsPerWeight: 4.55 },
  { id: "iq4_xs", bitsPerWeight: 4.32 },
  { id: "q3_k_m", bitsPerWeight: 3.91 },
  { id: "q2_k", bitsPerWeight: 3.16 },
] as const;

export type QuantisationId = (typeof quantisations)[number]["id"];

export interface Quantisation {
  readonly id: QuantisationId;
  readonly bitsPerWeight: number;
}

/** 0 is the best; one that is not known comes last. */
export function qualityOrder(id: string): number {
  const at = quantisations.findIndex((each) => each.id === id);
  return at === -1 ? quantisations.length : at;
}

export function quantisation(id: QuantisationId): Quantisation {
  return quantisations[qualityOrder(id)] ?? quantisations[0];
}

/** What the name of a file says of it (`gemma-4-E4B_q4_0-it.gguf`: `q4_0`). Undefined where it says nothing known. */
export function quantisationInName(file: string): Quantisation | undefined {
  const name = file.toLowerCase();
  const isTrained = /(^|[-._])qat([-._]|$)/.test(name);
  const found = quantisations.find(({ id }) => new RegExp(`(^|[-._])${id}([-._]|$)`).test(name));
  return found?.id === "q4_0" && isTrained ? quantisation("qat-q4_0") : found;
}
