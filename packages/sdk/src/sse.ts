/** One server-sent event. `event` is undefined where the server did not name it. */
export interface ServerSentEvent {
  readonly event: string | undefined;
  readonly data: string;
}

/** Far beyond any chunk of an answer: what is larger is not a stream of ours. */
const largestEventChars = 8 * 1024 * 1024;

const lineEnd = /\r\n|\r|\n/g;

/**
 * Cuts a stream of bytes into server-sent events, wherever the network cut it: in the middle of a line end or of a
 * character. Comments, ids and retry times are skipped. Throws a RangeError for an event over `largestChars`.
 */
export class SseParser {
  readonly #decoder = new TextDecoder();
  readonly #largestChars: number;
  /** The line that has not ended yet, in the pieces that came. */
  #partial: string[] = [];
  #data: string[] = [];
  #event: string | undefined;
  /** Of the pieces and the data lines above. */
  #chars = 0;
  #endedOnCr = false;

  constructor(largestChars = largestEventChars) {
    this.#largestChars = largestChars;
  }

  /** Takes bytes, gives the events that they complete. */
  push(bytes: Uint8Array): ServerSentEvent[] {
    return this.#read(this.#decoder.decode(bytes, { stream: true }));
  }

  /** The end of the bytes: gives the last event where no blank line followed it. */
  end(): ServerSentEvent[] {
    const events = this.#read(this.#decoder.decode());
    if (this.#partial.length > 0) this.#line(this.#takePartial(""), events);
    this.#dispatch(events);
    return events;
  }

  #read(text: string): ServerSentEvent[] {
    const events: ServerSentEvent[] = [];
    if (text === "") return events;
    // A CRLF that was cut in two has ended its line with the CR already.
    let from = this.#endedOnCr && text.startsWith("\n") ? 1 : 0;
    this.#endedOnCr = text.endsWith("\r");
    lineEnd.lastIndex = from;
    for (let match = lineEnd.exec(text); match !== null; match = lineEnd.exec(text)) {
      this.#line(this.#takePartial(text.slice(from, match.index)), events);
      from = lineEnd.lastIndex;
    }
    if (from < text.length) {
      this.#partial.push(text.slice(from));
      this.#count(text.length - from);
    }
    return events;
  }

  #takePartial(rest: string): string {
    if (this.#partial.length === 0) return rest;
    const line = this.#partial.join("") + rest;
    this.#chars -= line.length - rest.length;
    this.#partial = [];
    return line;
  }

  #line(line: string, events: ServerSentEvent[]): void {
    if (line === "") {
      this.#dispatch(events);
      return;
    }
    const colon = line.indexOf(":");
    const field = colon === -1 ? line : line.slice(0, colon);
    const value = colon === -1 ? "" : line.slice(line[colon + 1] === " " ? colon + 2 : colon + 1);
    if (field === "data") {
      this.#data.push(value);
      this.#count(value.length + 1);
    } else if (field === "event") this.#event = value;
  }

  #dispatch(events: ServerSentEvent[]): void {
    if (this.#data.length > 0) events.push({ event: this.#event || undefined, data: this.#data.join("\n") });
    this.#data = [];
    this.#event = undefined;
    this.#chars = 0;
  }

  #count(chars: number): void {
    this.#chars += chars;
    if (this.#chars > this.#largestChars) {
      throw new RangeError(`A server-sent event is larger than ${this.#largestChars} characters.`);
    }
  }
}
