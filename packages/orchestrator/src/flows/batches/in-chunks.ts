const chunkBytes = 262_144;
const lineEnd = 10;

/** Writes lines one below the other, many to a chunk. */
export async function* inChunks(lines: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array, undefined> {
  let gathered: Uint8Array[] = [];
  let bytes = 0;
  for await (const line of lines) {
    gathered.push(line);
    bytes += line.length + 1;
    if (bytes < chunkBytes) continue;
    yield joined(gathered, bytes);
    gathered = [];
    bytes = 0;
  }
  if (bytes > 0) yield joined(gathered, bytes);
}

function joined(lines: readonly Uint8Array[], bytes: number): Uint8Array {
  const chunk = new Uint8Array(bytes);
  let at = 0;
  for (const line of lines) {
    chunk.set(line, at);
    at += line.length;
    chunk[at++] = lineEnd;
  }
  return chunk;
}
