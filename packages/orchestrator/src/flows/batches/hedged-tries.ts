import type { LineToken } from "../../core/batches/line-result.ts";
import type { LineFailure } from "../../core/batches/line-retry-rule.ts";
import type { LineAttempt } from "./answer-line.ts";

/** One try of a line, with the token that it runs under. */
export interface LineTry {
  readonly token: LineToken;
  readonly outcome: LineAttempt;
  /** How tries beside it have failed. */
  readonly others?: readonly LineFailure[];
}

/**
 * Tries of one line that run at the same time: the first answer counts. Where all have failed, the last failure does.
 * An answer that comes too late is acknowledged to its worker, and forgotten.
 */
export class HedgedTries {
  readonly result: Promise<LineTry>;
  #settle: (result: LineTry) => void = () => {};
  #fail: (error: unknown) => void = () => {};
  readonly #failures: LineFailure[] = [];
  #open = 0;
  #isSettled = false;

  constructor(first: Promise<LineTry>) {
    this.result = new Promise((resolve, reject) => {
      this.#settle = resolve;
      this.#fail = reject;
    });
    this.add(first);
  }

  /** Nobody waits for more. */
  get isSettled(): boolean {
    return this.#isSettled;
  }

  add(another: Promise<LineTry>): void {
    this.#open += 1;
    another.then(
      (result) => this.#ended(result),
      (error: unknown) => {
        this.#open -= 1;
        if (this.#open === 0) this.#fail(error);
      },
    );
  }

  #ended(result: LineTry): void {
    this.#open -= 1;
    const { outcome } = result;
    if (this.#isSettled) {
      if (outcome.kind === "answered") outcome.acknowledge();
      return;
    }
    if (outcome.kind === "failed" && this.#open > 0) {
      this.#failures.push(outcome.failure);
      return;
    }
    this.#isSettled = true;
    this.#settle({ ...result, others: this.#failures });
  }
}
