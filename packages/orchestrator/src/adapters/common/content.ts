import { MusterError } from "@muster/base";

/**
 * The same bytes in pieces of `pieceBytes`, the last one shorter. All lie in one buffer: a piece is good until the next
 * is asked for.
 */
export async function* gathered(
  content: AsyncIterable<Uint8Array>,
  pieceBytes: number,
): AsyncGenerator<Uint8Array, undefined> {
  const buffer = Buffer.allocUnsafe(pieceBytes);
  let filled = 0;
  for await (const chunk of content) {
    for (let at = 0; at < chunk.length; ) {
      const part = chunk.subarray(at, at + pieceBytes - filled);
      buffer.set(part, filled);
      at += part.length;
      filled += part.length;
      if (filled < pieceBytes) continue;
      yield buffer;
      filled = 0;
    }
  }
  if (filled > 0) yield buffer.subarray(0, filled);
}

/** Throws `request_too_large` as soon as there is more than `limitBytes` of it. */
export async function* limited(
  content: Uint8Array | AsyncIterable<Uint8Array>,
  limitBytes: number,
): AsyncGenerator<Uint8Array, undefined> {
  let bytes = 0;
  for await (const chunk of content instanceof Uint8Array ? [content] : content) {
    bytes += chunk.length;
    if (bytes > limitBytes)
      throw new MusterError(
        "request_too_large",
        `The content is larger than ${limitBytes} bytes, the most that is taken. Split it into several files.`,
      );
    yield chunk;
  }
}
