import { printableName, printableText } from "@muster/base";
import type { LogLine } from "@muster/sdk";
import { type Colour, paint, type TableStyle } from "./table.ts";

const levelColours: Readonly<Record<LogLine["level"], Colour>> = {
  debug: "dim",
  info: "green",
  warn: "yellow",
  error: "red",
};

/** As long as `orchestrator`: most names of workers are shorter. */
const sourceWidth = 12;
const longestName = 64;
const longestWords = 2_000;
const longestValue = 500;

/** A line of a log for people: when, how grave, who, what, and about what. `nowMs` is Unix time. */
export function logText(
  line: LogLine,
  { nowMs, style }: { readonly nowMs: number; readonly style: TableStyle },
): string {
  const { at, level, source, words, fields } = line;
  const about = Object.entries(fields)
    .filter(isNews(fields))
    .map(([name, value]) => {
      const key = paint(`${printableName(name, longestName)}=`, "dim", style);
      return `${key}${valueText(value)}`;
    });
  return [
    paint(timeText(at * 1_000, nowMs), "dim", style),
    paint(printableName(level, longestName).padEnd(5), levelColours[level], style),
    paint(printableName(source, longestName).padEnd(sourceWidth), "cyan", style),
    printableName(words, longestWords),
    ...about,
  ].join(" ");
}

/** Where a request brought no trace of its own, its id says the trace as well. */
function isNews({ requestId }: LogLine["fields"]): (field: readonly [string, unknown]) => boolean {
  return ([name, value]) => name !== "traceId" || requestId !== `req-${String(value)}`;
}

/** The clock on the wall here; with the day where it was not today. */
function timeText(wallMs: number, nowMs: number): string {
  const [time, now] = [new Date(wallMs), new Date(nowMs)];
  if (Number.isNaN(time.getTime())) return "-";
  const clock = `${time.toLocaleTimeString("en-GB")}.${String(time.getMilliseconds()).padStart(3, "0")}`;
  return time.toDateString() === now.toDateString() ? clock : `${dayText(time)} ${clock}`;
}

function dayText(time: Date): string {
  const two = (value: number) => String(value).padStart(2, "0");
  return `${time.getFullYear()}-${two(time.getMonth() + 1)}-${two(time.getDate())}`;
}

/** Quoted where it would not be clear where it ends. */
function valueText(value: unknown): string {
  const isPlain = typeof value === "string" && /^[^\s"=]+$/.test(value);
  const text = isPlain ? value : (JSON.stringify(value) ?? String(value));
  return printableText(text).slice(0, longestValue);
}
