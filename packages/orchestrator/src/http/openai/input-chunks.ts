/** Inputs of one job: enough to fill an engine's batch, few enough to spread a request over slots and workers. */
const maxChunkInputs = 32;
const maxChunkLength = 262_144;

/** Texts in runs that are one job each, in order. */
export function chunksOf(texts: readonly string[]): string[][] {
  const chunks: string[][] = [];
  let length = 0;
  for (const text of texts) {
    const last = chunks.at(-1);
    const fits = last !== undefined && last.length < maxChunkInputs && length + text.length <= maxChunkLength;
    if (fits) last.push(text);
    else chunks.push([text]);
    length = (fits ? length : 0) + text.length;
  }
  return chunks;
}
