import type { ResultPointer } from "../../core/batches/line-result.ts";
import type { Claim, Commit, LedgerState, LedgerTotals, Verdict } from "../../ports/commit-ledger.ts";
import { totalFields } from "./commit-ledger-scripts.ts";

/** What the scripts are told and what they answer, in the words of the port. */

type TotalField = (typeof totalFields)[number];

export function totalValues({ usage, ...counts }: LedgerTotals): Readonly<Record<TotalField, number>> {
  return { ...counts, ...usage };
}

export function commitArgs({
  line,
  token,
  outcome,
  sha256,
  pointer,
  usage,
  isCached,
}: Commit): readonly (string | number)[] {
  const isCompleted = outcome === "completed";
  const values = totalValues({
    completed: isCompleted ? 1 : 0,
    failed: isCompleted ? 0 : 1,
    cachedLines: isCached ? 1 : 0,
    usage,
  });
  const where = JSON.stringify([pointer.key, pointer.offset, pointer.length]);
  return [line, token.gen, token.epoch, sha256, where, ...totalFields.map((field) => values[field])];
}

/** `text`: the sha256 of a body, a space, and where its record is. */
export function parsePointer(text: string): ResultPointer {
  const [key, offset, length] = JSON.parse(text.slice(text.indexOf(" ") + 1)) as [string, number, number];
  return { key, offset, length };
}

export function parseClaim(answer: unknown, gen: number): Claim {
  if (answer === "done" || answer === "closed" || answer === "stale") return { kind: answer };
  const [epoch, crashes] = Array.isArray(answer) ? (answer as unknown[]) : [answer];
  if (typeof epoch !== "number") throw unreadable(answer);
  const crashedOn = typeof crashes === "string" ? (JSON.parse(crashes) as string[]) : [];
  return { kind: "claimed", token: { gen, epoch }, crashedOn };
}

const verdicts: ReadonlySet<unknown> = new Set<Verdict>([
  "ok",
  "already",
  "lost",
  "unknown",
  "fenced",
  "closed",
  "stale",
]);

export function parseVerdict(answer: unknown): Verdict {
  if (!verdicts.has(answer)) throw unreadable(answer);
  return answer as Verdict;
}

/** One answer for each of `count` lines. */
export function parseAnswers(answer: unknown, count: number): readonly unknown[] {
  if (!Array.isArray(answer) || answer.length !== count) throw unreadable(answer);
  return answer;
}

/** Undefined for another run, and for a batch that is not there. */
export function parseState(fields: Readonly<Record<string, string>>, run: string): LedgerState | undefined {
  if (fields["run"] !== run) return undefined;
  const number = (name: string) => Number(fields[name] ?? 0);
  return {
    status: fields["status"] === "closed" ? "closed" : "open",
    gen: number("gen"),
    lines: number("lines"),
    totals: {
      completed: number("completed"),
      failed: number("failed"),
      cachedLines: number("cachedLines"),
      usage: {
        promptTokens: number("promptTokens"),
        cachedTokens: number("cachedTokens"),
        completionTokens: number("completionTokens"),
        reasoningTokens: number("reasoningTokens"),
      },
    },
  };
}

function unreadable(answer: unknown): Error {
  return new Error(`Redis gave an answer that makes no sense: ${String(answer).slice(0, 80)}`);
}
