import { printableText } from "@muster/base";
import type { Batch } from "@muster/sdk";
import { formatCount, formatDuration, formatRate } from "../format.ts";
import { displayWidth, paint, type TableStyle } from "../table.ts";
import type { Progress } from "./progress.ts";

const barCells = 24;

/** What a batch does where it does not simply run; undefined where it does. */
export function standing({ id, status, muster }: Batch): string | undefined {
  switch (status) {
    case "validating":
      return "the server checks the input";
    case "finalizing":
      return "the server writes the files";
    case "cancelling":
      return "it is being cancelled";
    case "in_progress":
      if (muster.paused) return `paused; \`muster batch resume ${id}\` lets it go on`;
      return muster.waits_for ? `waits for ${printableText(muster.waits_for)}` : undefined;
    default:
      return undefined;
  }
}

export function isOver({ status }: Batch): boolean {
  return ["completed", "failed", "expired", "cancelled"].includes(status);
}

/** One line for a log. */
export function plainProgress(batch: Batch, progress: Progress): string {
  const { total, done } = progress;
  const counts =
    total === 0 ? [] : [`${number(done)} of ${formatCount(total, "line")} (${percent(progress)})`];
  return [...counts, ...ratesOf(progress), ...troubles(progress), standing(batch)].filter(Boolean).join(", ");
}

/** One line with a bar for a terminal; what does not fit is left out, the least needed first. */
export function drawnProgress(batch: Batch, progress: Progress, style: TableStyle): string {
  const { total, done, failed } = progress;
  const says = standing(batch);
  if (total === 0) return says ?? batch.status;
  const pieces = [
    { text: percent(progress).padStart(5) },
    { text: `${number(done)}/${number(total)}` },
    ...(failed > 0 ? [{ text: `${number(failed)} failed`, colour: "red" as const }] : []),
    ...(says === undefined ? [] : [{ text: says, colour: "yellow" as const }]),
    ...ratesOf(progress).map((text) => ({ text })),
  ];
  let line = bar(done / total, style);
  // The last cell stays free: some terminals go on to the next line there.
  let room = (style.columns ?? Number.POSITIVE_INFINITY) - barCells - 1;
  for (const { text, colour } of pieces.map((piece) => ({ colour: undefined, ...piece }))) {
    room -= displayWidth(text) + 2;
    if (room < 0) break;
    line += `  ${paint(text, colour, style)}`;
  }
  return line;
}

function bar(share: number, style: TableStyle): string {
  const full = Math.round(Math.min(1, share) * barCells);
  const rest = "─".repeat(barCells - full);
  return paint("━".repeat(full), "green", style) + paint(rest, "dim", style);
}

/** Rounded down: 100 % means all. */
function percent({ done, total }: Progress): string {
  return `${Math.floor((done / total) * 100)} %`;
}

/** The most wanted first. */
function ratesOf({ linesPerSecond, tokensPerSecond, leftMs }: Progress): string[] {
  return [
    leftMs ? `${formatDuration(Math.ceil(leftMs / 1_000) * 1_000)} left` : "",
    linesPerSecond === undefined ? "" : `${oneDecimal(linesPerSecond)} lines/s`,
    tokensPerSecond ? formatRate(tokensPerSecond) : "",
  ].filter(Boolean);
}

function troubles({ failed, cached }: Progress): string[] {
  return [
    failed === 0 ? "" : `${number(failed)} failed`,
    cached === 0 ? "" : `${number(cached)} from the cache`,
  ].filter(Boolean);
}

function oneDecimal(value: number): string {
  return value >= 100 ? number(Math.round(value)) : String(Math.round(value * 10) / 10);
}

function number(value: number): string {
  return value.toLocaleString("en-US");
}
