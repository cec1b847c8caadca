import { MusterError } from "@muster/base";
import type { BatchEndpoint } from "@muster/sdk";
import { type Answer, answerOf, type ResultLine } from "./answer-text.ts";

export interface AnsweredRow<Row> {
  readonly row: Row;
  readonly answer: Answer;
}

export interface ResultLines {
  readonly endpoint: BatchEndpoint;
  /** Both in the order of the rows, each with a part of them. */
  readonly output: AsyncIterable<string>;
  readonly errors: AsyncIterable<string>;
  /** What rows without a result get; where it is not given, each must have one. */
  readonly missing?: Answer | undefined;
}

/**
 * Puts each row beside what became of it; nothing is held but the next line of each file. Throws `invalid_request` where rows and
 * results are not of one batch.
 */
export async function* mergedResults<Row extends { readonly customId: string }>(
  rows: AsyncIterable<Row>,
  { endpoint, output, errors, missing }: ResultLines,
): AsyncGenerator<AnsweredRow<Row>, void> {
  const sides = [new Ahead(output), new Ahead(errors)];
  try {
    for await (const row of rows) {
      let line: ResultLine | undefined;
      for (const side of sides) line ??= await side.take(row.customId);
      const answer = line === undefined ? missing : answerOf(line, endpoint);
      if (answer === undefined) throw mismatch(`"${row.customId}" has no result`);
      yield { row, answer };
    }
    for (const side of sides) {
      const more = await side.next();
      if (more !== undefined) throw mismatch(`the result "${more.custom_id}" has no line in the input`);
    }
  } finally {
    for (const side of sides) await side.close();
  }
}

/** Lines with a look at the next one. */
class Ahead {
  readonly #lines: AsyncIterator<string>;
  #next: ResultLine | undefined;
  #isOver = false;

  constructor(lines: AsyncIterable<string>) {
    this.#lines = lines[Symbol.asyncIterator]();
  }

  async next(): Promise<ResultLine | undefined> {
    if (this.#next !== undefined || this.#isOver) return this.#next;
    const step = await this.#lines.next();
    if (step.done) this.#isOver = true;
    else this.#next = JSON.parse(step.value) as ResultLine;
    return this.#next;
  }

  async take(customId: string): Promise<ResultLine | undefined> {
    const next = await this.next();
    if (next?.custom_id !== customId) return undefined;
    this.#next = undefined;
    return next;
  }

  async close(): Promise<void> {
    await this.#lines.return?.();
  }
}

function mismatch(what: string): MusterError {
  return new MusterError(
    "invalid_request",
    `The input is not that of the batch: ${what}. \`muster batch results ID -o FILE.jsonl\` gets the results as they are.`,
  );
}
