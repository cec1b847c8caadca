import type { LineToken } from "../../core/batches/line-result.ts";

/** What a part of a line is called on the worker link; with the epoch it names one attempt. */
export interface PartName {
  readonly batchId: string;
  readonly line: number;
  readonly gen: LineToken["gen"];
  readonly part: number;
  readonly parts: number;
}

export function partName({ batchId, line, gen, part, parts }: PartName): string {
  return `${batchId}.${line}.${gen}.${part}.${parts}`;
}

/** Undefined for the name of something else. */
export function parsePartName(text: string): PartName | undefined {
  const [, batchId, ...numbers] = /^(batch_[0-9a-f]{32})\.(\d+)\.(\d+)\.(\d+)\.(\d+)$/.exec(text) ?? [];
  const [line, gen, part, parts] = numbers.map(Number);
  if (batchId === undefined || line === undefined || gen === undefined) return undefined;
  if (part === undefined || parts === undefined) return undefined;
  return { batchId, line, gen, part, parts };
}
