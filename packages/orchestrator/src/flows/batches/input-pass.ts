import { type Clock, MusterError } from "@muster/base";
import type { BatchEndpoint, LineError } from "../../core/batches/batch.ts";
import { objectKeys } from "../../core/batches/keys.ts";
import type { LineEndpoints } from "../../ports/line-endpoint.ts";
import type { ObjectStore } from "../../ports/object-store.ts";
import { type GoodLine, LineChecker, type ServedNow } from "./ingest-line.ts";
import { type RawLine, splitLines } from "./line-splitter.ts";

export interface IngestLimits {
  readonly maxLines: number;
  readonly maxLineBytes: number;
}

export interface InputPassDeps {
  readonly store: ObjectStore;
  readonly endpoints: LineEndpoints;
  readonly served: ServedNow;
  readonly limits: IngestLimits;
  readonly clock: Clock;
}

const maxErrorsKept = 100;
/** After so much work at a stretch others get their turn: people wait for answers in the same process. */
const sliceMs = 5;

/** One reading of an input file from end to end: gives the lines that are good, and keeps what is wrong with others. */
export class InputPass {
  readonly #deps: InputPassDeps;
  readonly #fileId: string;
  readonly #signal: AbortSignal;
  readonly #checker: LineChecker;
  readonly #errors: LineError[] = [];
  #errorCount = 0;
  #lineCount = 0;
  #sliceSinceMs = 0;

  constructor(
    deps: InputPassDeps,
    input: {
      readonly inputFileId: string;
      readonly endpoint: BatchEndpoint;
      readonly models?: readonly string[] | undefined;
    },
    signal: AbortSignal,
  ) {
    this.#deps = deps;
    this.#fileId = input.inputFileId;
    this.#signal = signal;
    const { endpoints, served, limits } = deps;
    const { maxLineBytes } = limits;
    this.#checker = new LineChecker(
      { endpoints, served, maxLineBytes, allowed: input.models },
      input.endpoint,
    );
  }

  /** Good and bad; blank ones do not count. */
  get lineCount(): number {
    return this.#lineCount;
  }

  /** The first of what is wrong. */
  get errors(): readonly LineError[] {
    return this.#errors;
  }

  get errorCount(): number {
    return this.#errorCount;
  }

  /** In the order in which they first come. */
  get models(): readonly { readonly model: string; readonly lines: number }[] {
    return this.#checker.models;
  }

  /** To be read once, to its end. Throws `cancelled` when the signal fires, and what the store throws. */
  async *goodLines(): AsyncIterable<GoodLine> {
    this.#sliceSinceMs = this.#deps.clock.nowMs();
    for await (const lines of this.#rawLines()) {
      for (const raw of lines) {
        if (this.#sliceIsUp()) await this.#breathe();
        if (!this.#admits(raw)) return;
        const checked = this.#checker.check(raw);
        if (checked.kind === "good") yield checked;
        else this.#refuse(checked.error);
      }
    }
    if (this.#lineCount === 0 && this.#errorCount === 0)
      this.#refuse({
        code: "empty_file",
        message: "The input file is empty: it holds no line with a request.",
        param: undefined,
        line: undefined,
      });
  }

  async *#rawLines(): AsyncIterable<readonly RawLine[]> {
    try {
      yield* splitLines(this.#deps.store.read(objectKeys.fileContent(this.#fileId)), this.#deps.limits);
    } catch (error) {
      if (!(error instanceof MusterError) || error.code !== "not_found") throw error;
      this.#refuse({
        code: "input_file_not_found",
        message: `The input file "${this.#fileId}" is no longer there.`,
        param: "input_file_id",
        line: undefined,
      });
    }
  }

  /** Counts a line; false from the first on that is too many. */
  #admits(raw: RawLine): boolean {
    this.#lineCount += 1;
    const { maxLines } = this.#deps.limits;
    if (this.#lineCount <= maxLines) return true;
    this.#refuse({
      code: "too_many_tasks",
      message: `The file has more than ${maxLines} lines. Split it into several batches.`,
      param: undefined,
      line: raw.lineNumber,
    });
    return false;
  }

  #refuse(error: LineError): void {
    this.#errorCount += 1;
    if (this.#errors.length < maxErrorsKept) this.#errors.push(error);
  }

  #sliceIsUp(): boolean {
    return this.#deps.clock.nowMs() - this.#sliceSinceMs >= sliceMs;
  }

  async #breathe(): Promise<void> {
    await new Promise<void>((resolve) => {
      setImmediate(resolve);
    });
    if (this.#signal.aborted) throw new MusterError("cancelled", "Reading the input of a batch was stopped.");
    this.#sliceSinceMs = this.#deps.clock.nowMs();
  }
}
