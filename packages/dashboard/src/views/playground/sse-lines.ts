/** A message of a stream of server-sent events. Comments are what Muster says while a model is loaded. */
export type SseMessage =
  | { readonly kind: "comment"; readonly text: string }
  | { readonly kind: "data"; readonly text: string };

/** A line beyond this is no event of ours. */
const longestLineChars = 4 * 1024 * 1024;

/** Takes a stream apart as it arrives, however it was cut on its way. */
export class SseParser {
  #rest = "";
  #data: string[] = [];

  push(text: string): readonly SseMessage[] {
    const lines = (this.#rest + text).split("\n");
    this.#rest = lines.pop() ?? "";
    if (this.#rest.length > longestLineChars) throw new Error("The server sent a line that is too long.");
    return lines.flatMap((line) => this.#line(line.endsWith("\r") ? line.slice(0, -1) : line));
  }

  #line(line: string): readonly SseMessage[] {
    if (line.startsWith(":")) return [{ kind: "comment", text: line.slice(1).trim() }];
    if (line.startsWith("data:")) this.#data.push(line.slice(5).replace(/^ /, ""));
    if (line !== "" || this.#data.length === 0) return [];
    const text = this.#data.join("\n");
    this.#data = [];
    return [{ kind: "data", text }];
  }
}
