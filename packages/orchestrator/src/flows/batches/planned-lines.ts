import type { TokenizeRequest } from "@muster/base";
import type { LinePlan } from "../../ports/line-endpoint.ts";
import type { GoodLine } from "./ingest-line.ts";

/** One prompt of a line: the longest. */
interface LongestPrompt {
  readonly characters: number;
  readonly request: TokenizeRequest;
}

/** The longest prompt of a line and what a tokenizer is asked for it. Undefined where nothing is read. */
export function longestPrompt({ parts, promptLength }: LinePlan): LongestPrompt | undefined {
  let longest: LongestPrompt | undefined;
  const consider = (characters: number, request: TokenizeRequest) => {
    if (characters > (longest?.characters ?? -1)) longest = { characters, request };
  };
  const ofText = (text: string) =>
    consider(text.length, { task: "tokenize", prompt: { kind: "text", text } });
  for (const { request } of parts) {
    if (request.task === "embed") request.inputs.forEach(ofText);
    else if (request.task === "generate" && request.prompt.kind === "text") ofText(request.prompt.text);
    else if (request.task === "generate") {
      const { prompt, tools, thinking } = request;
      // The choices of a chat all have the same prompt.
      consider(promptLength / parts.length, {
        task: "tokenize",
        prompt,
        ...(tools === undefined ? {} : { tools }),
        ...(thinking === undefined ? {} : { thinking }),
      });
    }
  }
  return longest;
}

/** Where a line lies, and what the plan of a batch must know of it. */
export interface PlannedLine {
  readonly offset: number;
  readonly length: number;
  readonly lineNumber: number;
  readonly model: number;
  /** Of its longest prompt. */
  readonly characters: number;
  readonly answers: number;
  /** For one answer; undefined: up to the context. */
  readonly maxTokens: number | undefined;
}

export interface ModelTotals {
  lines: number;
  prompts: number;
  characters: number;
  /** Answers with a limit, and the sum of their limits. */
  limitedTokens: number;
  unlimitedAnswers: number;
}

const columns = 7;
const firstCapacity = 4_096;

/** The good lines of an input file, packed: a million of them take 56 MB while their batch is planned. */
export class PlannedLines {
  readonly totals: ModelTotals[] = [];
  #numbers = new Float64Array(firstCapacity * columns);
  #count = 0;

  get count(): number {
    return this.#count;
  }

  add({ entry, plan }: GoodLine): void {
    const answers = plan.parts.length;
    const characters = longestPrompt(plan)?.characters ?? 0;
    const maxTokens = plan.maxTokens === undefined ? -1 : plan.maxTokens / answers;
    this.#sumUp(entry.model, plan);
    const at = this.#count * columns;
    if (at === this.#numbers.length) this.#grow();
    const { offset, length, lineNumber, model } = entry;
    this.#numbers.set([offset, length, lineNumber, model, characters, answers, maxTokens], at);
    this.#count += 1;
  }

  at(index: number): PlannedLine {
    const from = index * columns;
    const [offset = 0, length = 0, lineNumber = 0, model = 0, characters = 0, answers = 0, maxTokens = -1] =
      this.#numbers.subarray(from, from + columns);
    return {
      ...{ offset, length, lineNumber, model, characters, answers },
      maxTokens: maxTokens < 0 ? undefined : maxTokens,
    };
  }

  #sumUp(model: number, { parts, promptLength, maxTokens }: LinePlan): void {
    const totals = this.totals[model] ?? noTotals();
    this.totals[model] = totals;
    totals.lines += 1;
    totals.prompts += parts.reduce(
      (sum, { request }) => sum + (request.task === "embed" ? request.inputs.length : 1),
      0,
    );
    totals.characters += promptLength;
    totals.limitedTokens += maxTokens ?? 0;
    totals.unlimitedAnswers += maxTokens === undefined ? parts.length : 0;
  }

  #grow(): void {
    const larger = new Float64Array(this.#numbers.length * 2);
    larger.set(this.#numbers);
    this.#numbers = larger;
  }
}

function noTotals(): ModelTotals {
  return { lines: 0, prompts: 0, characters: 0, limitedTokens: 0, unlimitedAnswers: 0 };
}

/**
 * Lines to look at closely: for each model a share of `most` by its lines, spread evenly over them. Models that have
 * few lines get one, as long as any are left; the largest come first.
 */
export function spreadSample(lines: PlannedLines, most: number): PlannedLine[] {
  const strides = new Map<number, number>();
  let left = most;
  const bySize = [...lines.totals.entries()].sort(([, a], [, b]) => b.lines - a.lines);
  for (const [model, totals] of bySize) {
    const share = Math.max(1, Math.floor((most * totals.lines) / lines.count));
    const take = Math.min(left, share, totals.lines);
    if (take > 0) strides.set(model, totals.lines / take);
    left -= take;
  }
  const seen = new Map<number, number>();
  const sample: PlannedLine[] = [];
  for (let index = 0; index < lines.count; index++) {
    const line = lines.at(index);
    const stride = strides.get(line.model);
    const before = seen.get(line.model) ?? 0;
    seen.set(line.model, before + 1);
    // The first of each run of `stride` lines.
    if (stride !== undefined && Math.floor((before - 1) / stride) < Math.floor(before / stride))
      sample.push(line);
  }
  return sample;
}
