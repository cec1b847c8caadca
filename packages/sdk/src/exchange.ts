import { AbortedError, ConnectionError, type ErrorDetails, MusterApiError, TimeoutError } from "./errors.ts";

/** Timers hold no more than 2^31 - 1 ms; what is longer never fires. */
const longestTimerMs = 2_147_483_647;

/** Node's own limits on silence, which no option of fetch lifts. */
const nodeTimeoutCodes = new Set(["UND_ERR_HEADERS_TIMEOUT", "UND_ERR_BODY_TIMEOUT"]);

/** One try of a call, there and back: its signal, its clock, and what made it end. */
export class Exchange {
  readonly url: string;
  readonly #controller = new AbortController();
  readonly #timeoutMs: number;
  readonly #outer: AbortSignal | undefined;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #endedBy: "timeout" | "signal" | "leaving" | "answer" | undefined;

  /** The clock runs from here. */
  constructor(options: {
    readonly url: string;
    readonly timeoutMs: number;
    readonly signal: AbortSignal | undefined;
  }) {
    this.url = options.url;
    this.#timeoutMs = options.timeoutMs;
    this.#outer = options.signal;
    if (this.#outer?.aborted) this.#onAbort();
    else this.#outer?.addEventListener("abort", this.#onAbort, { once: true });
    this.startClock();
  }

  /** For fetch. */
  get signal(): AbortSignal {
    return this.#controller.signal;
  }

  get hasLeft(): boolean {
    return this.#endedBy === "leaving";
  }

  /** The server has `timeoutMs` from now to say something. */
  startClock(): void {
    this.stopClock();
    if (this.#endedBy !== undefined || this.#timeoutMs > longestTimerMs) return;
    this.#timer = setTimeout(() => this.#end("timeout"), this.#timeoutMs);
  }

  stopClock(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
  }

  /** Cuts the connection because nobody wants the rest; after the whole answer there is nothing to cut. */
  leave(): void {
    this.#end("leaving");
    this.#letGo();
  }

  /** The answer was read to its end: the connection can serve the next request. */
  complete(): void {
    this.#endedBy ??= "answer";
    this.#letGo();
  }

  /** What went wrong, for something that fetch or a body threw. */
  errorOf(cause: unknown, headers?: Headers): MusterApiError {
    if (cause instanceof MusterApiError) return cause;
    const details: ErrorDetails = { cause, headers };
    if (this.#endedBy === "signal") {
      return new AbortedError("The request was aborted by its signal.", {
        ...details,
        cause: this.#outer?.reason,
      });
    }
    if (this.#endedBy === "timeout") {
      return new TimeoutError(`${this.url} said nothing for ${this.#timeoutMs} ms (timeoutMs).`, details);
    }
    const code = codeOf(cause);
    if (code !== undefined && nodeTimeoutCodes.has(code)) {
      return new TimeoutError(
        `${this.url} said nothing for longer than this runtime's fetch waits (${code}). Stream long answers: stream: true.`,
        { ...details, code },
      );
    }
    const why = code ?? (cause instanceof Error ? cause.message : String(cause));
    const message =
      headers === undefined
        ? `Cannot reach ${this.url} (${why}). Is the orchestrator running?`
        : `The connection to ${this.url} broke in the middle of an answer (${why}).`;
    return new ConnectionError(message, { ...details, code });
  }

  readonly #onAbort = () => this.#end("signal");

  #end(by: "timeout" | "signal" | "leaving"): void {
    if (this.#endedBy !== undefined) return;
    this.#endedBy = by;
    this.#controller.abort();
  }

  #letGo(): void {
    this.stopClock();
    this.#outer?.removeEventListener("abort", this.#onAbort);
  }
}

/** Node puts the system's code on the cause of a fetch error. */
function codeOf(thrown: unknown): string | undefined {
  for (let error = thrown, depth = 0; error instanceof Error && depth < 5; error = error.cause, depth++) {
    const { code } = error as { code?: unknown };
    if (typeof code === "string") return code;
  }
  return undefined;
}
