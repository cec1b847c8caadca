import { unknown } from "./numbers.ts";

/** A stretch of time in one or two units: `340 ms`, `2.4 s`, `3 min 20 s`, `5 h 10 min`, `3 d`. */
export function duration(seconds: number | null | undefined): string {
  if (seconds === null || seconds === undefined || !Number.isFinite(seconds)) return unknown;
  if (seconds < 0) return duration(0);
  if (seconds === 0) return "0 s";
  if (seconds < 0.9995) return `${Math.max(1, Math.round(seconds * 1000))} ms`;
  if (seconds < 9.95) return `${seconds.toFixed(1).replace(/\.0$/, "")} s`;
  const whole = Math.round(seconds);
  if (whole < 60) return `${whole} s`;
  if (whole < 3_600) return twoUnits(whole, 60, ["min", "s"]);
  if (whole < 86_400) return twoUnits(Math.round(whole / 60), 60, ["h", "min"]);
  return twoUnits(Math.round(whole / 3_600), 24, ["d", "h"]);
}

/** As `duration`, in one unit: for where there is little room. */
export function roughly(seconds: number | null | undefined): string {
  if (seconds === null || seconds === undefined || !Number.isFinite(seconds)) return unknown;
  const size = Math.max(0, seconds);
  if (size < 59.5) return `${Math.round(size)} s`;
  if (size < 3_570) return `${Math.round(size / 60)} min`;
  if (size < 84_600) return `${Math.round(size / 3_600)} h`;
  return `${Math.round(size / 86_400)} d`;
}

/** How long ago, or until when: `just now`, `4 min ago`, `in 2 h`. Both in Unix seconds. */
export function relative(at: number, now: number): string {
  const seconds = now - at;
  if (Math.abs(seconds) < 10) return "just now";
  return seconds > 0 ? `${roughly(seconds)} ago` : `in ${roughly(-seconds)}`;
}

const time = new Intl.DateTimeFormat("en-GB", { hour: "2-digit", minute: "2-digit" });
const timeWithSeconds = new Intl.DateTimeFormat("en-GB", {
  hour: "2-digit",
  minute: "2-digit",
  second: "2-digit",
});
const day = new Intl.DateTimeFormat("en-GB", { day: "numeric", month: "short" });
const weekday = new Intl.DateTimeFormat("en-GB", { weekday: "short" });
const full = new Intl.DateTimeFormat("en-GB", { dateStyle: "medium", timeStyle: "medium" });

/** `14:05`, in the reader's time zone, as all below. */
export const clockTime = (at: number): string => time.format(at * 1000);
export const clockTimeWithSeconds = (at: number): string => timeWithSeconds.format(at * 1000);
/** `29 Nov`. */
export const shortDate = (at: number): string => day.format(at * 1000);
/** `Sun`. */
export const dayOfWeek = (at: number): string => weekday.format(at * 1000);
/** `29 Nov 2026, 14:05:11`. */
export const fullTime = (at: number): string => full.format(at * 1000);

function twoUnits(value: number, base: number, [large, small]: readonly [string, string]): string {
  const rest = value % base;
  const head = `${Math.floor(value / base)} ${large}`;
  return rest === 0 ? head : `${head} ${rest} ${small}`;
}
