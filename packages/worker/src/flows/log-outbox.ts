import {
  type Clock,
  type KeptLine,
  keptLine,
  type LineLevel,
  LineRing,
  type LogFields,
  sizeOfLine,
} from "@muster/base";
import type { WorkerSays } from "../core/link-messages.ts";

/** Lines that wait for the link; the oldest go first. */
const maxLines = 500;
const maxBytes = 256 * 1024;
/** A worker that has much to say must not take the link from answers. */
const linesPerSend = 20;
const sendEveryMs = 1_000;

interface LogOutboxDeps {
  readonly clock: Clock;
  readonly say: (message: WorkerSays) => void;
  readonly isConnected: () => boolean;
}

/** Lines of the worker's log on their way to the orchestrator, where `muster logs` shows them. */
export class LogOutbox {
  readonly #deps: LogOutboxDeps;
  readonly #waiting = new LineRing<KeptLine>({ maxLines, maxBytes });
  #dropped = 0;
  #stopTimer: (() => void) | undefined;
  #isClosed = false;

  constructor(deps: LogOutboxDeps) {
    this.#deps = deps;
  }

  /** Of level info and above: what is for finding faults stays on the machine. */
  add(level: LineLevel, fields: LogFields, words: string): void {
    if (level === "debug" || this.#isClosed) return;
    const line = keptLine({ atMs: this.#deps.clock.wallMs(), level, words, fields });
    this.#dropped += this.#waiting.push(line, sizeOfLine(line));
    this.#sendLater();
  }

  /** There is a link: what has waited for it goes out. */
  linked(): void {
    if (!this.#isClosed) this.#sendLater();
  }

  /** Says the last; nothing is taken from here on. */
  close(): void {
    this.#isClosed = true;
    this.#stopTimer?.();
    if (this.#deps.isConnected()) this.#send();
  }

  #sendLater(): void {
    if (this.#waiting.size === 0 || !this.#deps.isConnected()) return;
    this.#stopTimer ??= this.#deps.clock.after(sendEveryMs, () => {
      this.#stopTimer = undefined;
      if (!this.#deps.isConnected()) return;
      this.#send();
      this.#sendLater();
    });
  }

  #send(): void {
    const lines: KeptLine[] = [];
    for (let line = this.#next(lines); line !== undefined; line = this.#next(lines)) lines.push(line);
    if (lines.length === 0 && this.#dropped === 0) return;
    this.#deps.say({ kind: "logs", lines, dropped: this.#dropped });
    this.#dropped = 0;
  }

  #next({ length }: readonly KeptLine[]): KeptLine | undefined {
    return length < linesPerSend ? this.#waiting.shift() : undefined;
  }
}
