import type { GgufHeader, GgufValue } from "../gguf-header.ts";
import { TensorSums } from "../tensor-totals.ts";

/** A header as a file of this architecture would have it; keys without the architecture's name before them. */
export function headerOf(
  architecture: string,
  values: Readonly<Record<string, GgufValue | readonly GgufValue[]>>,
  tensors: Readonly<Record<string, number | undefined>> = {},
): GgufHeader {
  const sums = new TensorSums();
  for (const [name, bytes] of Object.entries(tensors)) sums.add(name, bytes);
  const metadata = new Map<string, GgufValue>([["general.architecture", architecture]]);
  for (const [key, value] of Object.entries(values)) {
    const name = key.startsWith("tokenizer.") || key.startsWith("split.") ? key : `${architecture}.${key}`;
    metadata.set(name, isList(value) ? { length: value.length, items: value } : value);
  }
  return {
    ...{ version: 3, tensorCount: Object.keys(tensors).length, minimumFileBytes: 0 },
    ...{ metadata, tensors: sums.totals() },
  };
}

function isList(value: GgufValue | readonly GgufValue[]): value is readonly GgufValue[] {
  return Array.isArray(value);
}

/** A list of so many tokens, which is not kept. */
export function tokens(length: number): GgufValue {
  return { length, items: undefined };
}
