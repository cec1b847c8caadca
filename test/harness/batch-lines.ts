import type { BatchJson, ResultLine } from "./batch-api.ts";
import { model } from "./cluster.ts";
import { createRandom } from "./random.ts";

/** Lines whose answers can be checked: the stub engine says the words of the prompt again. */

const vocabulary = ["amber", "birch", "cedar", "delta", "ember", "fjord", "grove", "heron"] as const;
export const wordsPerLine = 8;

export interface BatchInput {
  readonly count: number;
  readonly text: string;
  /** The answer of a line; undefined where the engine refuses it. */
  expected(line: number): string | undefined;
}

export interface BatchInputOptions {
  readonly count: number;
  readonly seed?: number;
  /** One in so many lines is refused by the engine: their answers are errors. */
  readonly refuseEvery?: number;
}

export function batchInput({ count, seed = 1, refuseEvery = 0 }: BatchInputOptions): BatchInput {
  const isRefused = (line: number) => refuseEvery > 0 && line % refuseEvery === refuseEvery - 1;
  const prompt = (line: number) => (isRefused(line) ? `!refuse ${words(seed, line)}` : words(seed, line));
  return {
    count,
    text: Array.from({ length: count }, (_none, line) => `${chatLine(line, prompt(line))}\n`).join(""),
    expected: (line) => (isRefused(line) ? undefined : words(seed, line)),
  };
}

/** One line of an input file: a chat request that asks for `content` again. */
export function chatLine(line: number, content: string, more: Record<string, unknown> = {}): string {
  return JSON.stringify({
    custom_id: `line-${line}`,
    method: "POST",
    url: "/v1/chat/completions",
    body: {
      model,
      messages: [{ role: "user", content }],
      max_tokens: content.split(" ").length,
      ...more,
    },
  });
}

function words(seed: number, line: number): string {
  const random = createRandom(seed * 1_000_003 + line);
  const rest = Array.from({ length: wordsPerLine - 2 }, () => random.pick(vocabulary));
  return ["number", String(line), ...rest].join(" ");
}

/** What is wrong with the results of a batch, in words; empty where every line has its own answer, once, in order. */
export function problemsOf(
  input: BatchInput,
  batch: BatchJson,
  files: { readonly output: readonly ResultLine[]; readonly errors: readonly ResultLine[] },
): readonly string[] {
  const lines = Array.from({ length: input.count }, (_none, line) => line);
  const answered = lines.filter((line) => input.expected(line) !== undefined);
  const refused = lines.filter((line) => input.expected(line) === undefined);
  return [
    ...orderProblems("output", files.output, answered),
    ...orderProblems("errors", files.errors, refused),
    ...files.output.flatMap((result) => {
      const line = lineOf(result);
      const content = result.response?.body.choices?.[0]?.message.content;
      const isRight = content === input.expected(line) && result.response?.status_code === 200;
      return isRight && result.error === null
        ? []
        : [`line ${line} has the answer ${JSON.stringify(result)}`];
    }),
    ...files.errors
      .filter(({ response }) => response?.status_code !== 400)
      .map((result) => `line ${lineOf(result)} has the error ${JSON.stringify(result)}`),
    ...countProblems(input.count, batch, files),
  ];
}

function lineOf(result: ResultLine): number {
  return Number(result.custom_id.slice("line-".length));
}

function orderProblems(
  file: string,
  results: readonly ResultLine[],
  wanted: readonly number[],
): readonly string[] {
  const ids = new Set(results.map(({ id }) => id));
  const at = wanted.findIndex((line, index) => results[index]?.custom_id !== `line-${line}`);
  return [
    ...(results.length === wanted.length
      ? []
      : [`${file}: ${results.length} lines in place of ${wanted.length}`]),
    ...(ids.size === results.length ? [] : [`${file}: ${results.length - ids.size} ids come twice`]),
    ...(at < 0 ? [] : [`${file}: line ${wanted[at]} expected, ${results[at]?.custom_id} found`]),
  ];
}

/** The batch's counts and usage against what its files add up to. */
export function countProblems(
  total: number,
  batch: BatchJson,
  files: { readonly output: readonly ResultLine[]; readonly errors: readonly ResultLine[] },
): readonly string[] {
  const usage = files.output.map(({ response }) => response?.body.usage);
  const input = usage.reduce((sum, one) => sum + (one?.prompt_tokens ?? Number.NaN), 0);
  const output = usage.reduce((sum, one) => sum + (one?.completion_tokens ?? Number.NaN), 0);
  const failed = files.errors.filter(({ response }) => response !== null).length;
  const expected = {
    request_counts: { total, completed: files.output.length, failed },
    usage: { input_tokens: input, output_tokens: output, total_tokens: input + output },
  };
  const found = {
    request_counts: batch.request_counts,
    usage: {
      input_tokens: batch.usage.input_tokens,
      output_tokens: batch.usage.output_tokens,
      total_tokens: batch.usage.total_tokens,
    },
  };
  return JSON.stringify(found) === JSON.stringify(expected)
    ? []
    : [`the batch says ${JSON.stringify(found)}, its files add up to ${JSON.stringify(expected)}`];
}
