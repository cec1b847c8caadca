import { describe, expect, it } from "vitest";
import type { BatchJson, ResultLine } from "../harness/batch-api.ts";
import { batchInput, problemsOf } from "../harness/batch-lines.ts";

const input = batchInput({ count: 9, refuseEvery: 3 });

function result(line: number): ResultLine {
  const content = input.expected(line);
  const usage = { prompt_tokens: 3, completion_tokens: 2 };
  const answer = { choices: [{ message: { content: content ?? "" } }], usage };
  const refusal = { error: { code: "invalid_request", message: "" } };
  const response =
    content === undefined ? { status_code: 400, body: refusal } : { status_code: 200, body: answer };
  return {
    id: `id-${line}`,
    custom_id: `line-${line}`,
    response: { request_id: `req-${line}`, ...response },
    error: null,
  };
}

const good = {
  output: [0, 1, 3, 4, 6, 7].map(result),
  errors: [2, 5, 8].map(result),
};
const batch = {
  request_counts: { total: 9, completed: 6, failed: 3 },
  usage: { input_tokens: 18, output_tokens: 12, total_tokens: 30 },
} as BatchJson;

describe("what the proof looks for", () => {
  it("finds nothing in good results", () => {
    expect(problemsOf(input, batch, good)).toEqual([]);
  });

  const [first = result(0), second = result(1), ...rest] = good.output;
  const bad: Record<string, Parameters<typeof problemsOf>[2]> = {
    "a line that is missing": { ...good, output: [first, ...rest] },
    "a line that is there twice": { ...good, output: [first, first, second, ...rest] },
    "two lines in the wrong order": { ...good, output: [second, first, ...rest] },
    "an answer with another line's words": {
      ...good,
      output: [{ ...first, response: second.response }, second, ...rest],
    },
    "an id that comes twice": { ...good, output: [first, { ...second, id: first.id }, ...rest] },
    "an answer that says that it has failed": {
      ...good,
      output: [{ ...first, error: { code: "batch_expired", message: "" } }, second, ...rest],
    },
    "an error that was never an answer": { ...good, errors: [result(2), result(5), result(7)] },
  };
  for (const [what, files] of Object.entries(bad))
    it(`finds ${what}`, () => expect(problemsOf(input, batch, files)).not.toEqual([]));

  it("finds usage and counts that are not what the lines add up to", () => {
    const usage = { ...batch.usage, input_tokens: 19 };
    expect(problemsOf(input, { ...batch, usage }, good)).toHaveLength(1);
    const request_counts = { ...batch.request_counts, failed: 2 };
    expect(problemsOf(input, { ...batch, request_counts }, good)).toHaveLength(1);
  });
});
