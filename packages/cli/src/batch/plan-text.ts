import { printableText } from "@muster/base";
import type { BatchPlan } from "@muster/sdk";
import { formatCount, formatDuration } from "../format.ts";
import { renderTable, type TableStyle } from "../table.ts";

const shownErrors = 10;
const shownLines = 10;
const hourMs = 3_600_000;

/** What a batch would take, for people. */
export function planText({ lines, errors, models, hours }: BatchPlan, style: TableStyle): string {
  const head = ["model", "requests", "prompt tokens", "answer tokens at most", "workers", "slots", "time"];
  const rows = models.map((plan) => [
    plan.model,
    number(plan.lines),
    number(plan.estimated_prompt_tokens),
    number(plan.max_completion_tokens),
    String(plan.workers.length),
    String(plan.workers.reduce((sum, worker) => sum + worker.slots, 0)),
    timeText(plan.hours),
  ]);
  const tooLong = models.flatMap(({ model, too_long_lines }) =>
    too_long_lines.length === 0 ? [] : [tooLongText(model, too_long_lines)],
  );
  const wrong = errors.data
    .slice(0, shownErrors)
    .map(({ line, message }) => `  ${line ? `request ${line}: ` : ""}${printableText(message)}`);
  const hidden = errors.total - wrong.length;
  return [
    ...(models.length === 0 ? [] : [renderTable([head, ...rows], style), ""]),
    `${formatCount(lines, "request")}, ${hours === null ? "and nobody can tell yet how long they take" : `${timeText(hours)} where the fleet has nothing else to do`}. All of it is estimated.`,
    ...tooLong,
    ...(errors.total === 0
      ? []
      : [`${formatCount(errors.total, "error")}: a batch of this would be refused.`]),
    ...wrong,
    ...(hidden > 0 ? [`  and ${number(hidden)} more`] : []),
    "",
  ].join("\n");
}

function tooLongText(model: string, lines: readonly number[]): string {
  const more = lines.length > shownLines ? ` and ${lines.length - shownLines} more` : "";
  const named = lines.slice(0, shownLines).join(", ");
  return `Too long for ${printableText(model)}, so they would fail: request ${named}${more}.`;
}

function timeText(hours: number | null): string {
  return hours === null ? "-" : formatDuration(hours * hourMs);
}

function number(value: number): string {
  return value.toLocaleString("en-US");
}
