import { MusterError } from "@muster/base";

/** Characters of one event; an image or a long list of tokens stays far below. */
const maxEventLength = 8 * 1024 * 1024;

/**
 * Gives the data of each server-sent event. Takes what servers really send: lines that end in LF, CR LF or CR, `data:`
 * with and without the space, comments, several data lines, a last event without the empty line after it.
 */
export async function* readServerSentEvents(chunks: AsyncIterable<Uint8Array>): AsyncGenerator<string, void> {
  const decoder = new TextDecoder();
  let rest = "";
  let data: string[] = [];
  let length = 0;
  const take = (line: string): string | undefined => {
    if (line === "") {
      const event = data.length === 0 ? undefined : data.join("\n");
      data = [];
      length = 0;
      return event;
    }
    if (line.startsWith("data:")) {
      data.push(line.slice(line.startsWith("data: ") ? 6 : 5));
      length += line.length;
    }
    return undefined;
  };
  for await (const chunk of chunks) {
    rest += decoder.decode(chunk, { stream: true });
    // A CR at the end may be half of a CR LF.
    const usable = rest.endsWith("\r") ? rest.slice(0, -1) : rest;
    const lines = usable.split(/\r\n|\n|\r/);
    rest = (lines.pop() ?? "") + rest.slice(usable.length);
    for (const line of lines) {
      const event = take(line);
      if (event !== undefined) yield event;
    }
    if (rest.length + length > maxEventLength) {
      throw new MusterError(
        "engine_failed",
        `The upstream sent an event of more than ${maxEventLength} characters.`,
      );
    }
  }
  rest += decoder.decode();
  for (const line of [...rest.split(/\r\n|\n|\r/), ""]) {
    const event = take(line);
    if (event !== undefined) yield event;
  }
}
