import { MusterApiError } from "./errors.ts";

/** Far beyond any line of a batch: what is longer is not a file of ours. */
const longestLineChars = 64 * 1024 * 1024;

/** The lines of a UTF-8 text, without their ends; blank ones are left out. Throws a MusterApiError for one that is too long. */
export async function* linesOf(
  chunks: AsyncIterable<Uint8Array>,
  longestChars = longestLineChars,
): AsyncGenerator<string, void> {
  const decoder = new TextDecoder();
  let pieces: string[] = [];
  let chars = 0;
  for await (const chunk of chunks) {
    const text = decoder.decode(chunk, { stream: true });
    let from = 0;
    for (let end = text.indexOf("\n"); end !== -1; end = text.indexOf("\n", from)) {
      const line = withoutReturn(pieces.join("") + text.slice(from, end));
      pieces = [];
      chars = 0;
      from = end + 1;
      if (line !== "") yield line;
    }
    if (from === text.length) continue;
    pieces.push(text.slice(from));
    chars += text.length - from;
    if (chars > longestChars) {
      throw new MusterApiError(`The server sent a line that is longer than ${longestChars} characters.`, {
        code: "line_too_large",
      });
    }
  }
  const last = withoutReturn(pieces.join("") + decoder.decode());
  if (last !== "") yield last;
}

function withoutReturn(line: string): string {
  return line.endsWith("\r") ? line.slice(0, -1) : line;
}
