import { MusterError } from "@muster/base";

/** A moment as the clock on the wall shows it: summer time and time zones are the caller's affair. */
export interface LocalTime {
  /** 0 is Sunday. */
  readonly weekday: number;
  readonly minuteOfDay: number;
}

interface Hours {
  /** On which it begins. */
  readonly weekdays: ReadonlySet<number>;
  readonly startMinute: number;
  /** At or before the start: on the next day. */
  readonly endMinute: number;
}

/** When a machine is lent, in local time. */
export type Schedule = readonly Hours[];

const dayNames = ["sunday", "monday", "tuesday", "wednesday", "thursday", "friday", "saturday"] as const;
const dayMinutes = 24 * 60;
const maxHours = 32;
const example = `Write it as "mon-fri 19:00-07:00, sat-sun 00:00-24:00".`;

/**
 * Reads `mon-fri 19:00-07:00, sat-sun 00:00-24:00`: days (none: each day) and hours, which may end on the next day.
 * Throws MusterError `invalid_request` that says which part is wrong.
 */
export function parseSchedule(text: string, param: string): Schedule {
  const parts = text
    .split(/[,;]/)
    .map((part) => part.trim().toLowerCase())
    .filter((part) => part !== "");
  if (parts.length === 0) throw wrong(param, "it names no hours");
  if (parts.length > maxHours) throw wrong(param, `it has more than ${maxHours} parts`);
  return parts.map((part) => parseHours(part, param));
}

/** Whether a moment is within the hours. Where clocks are set back an hour comes twice, and counts twice. */
export function isInSchedule(schedule: Schedule, { weekday, minuteOfDay }: LocalTime): boolean {
  const before = (weekday + 6) % 7;
  return schedule.some(({ weekdays, startMinute, endMinute }) => {
    if (endMinute > startMinute) {
      return weekdays.has(weekday) && minuteOfDay >= startMinute && minuteOfDay < endMinute;
    }
    const isEvening = weekdays.has(weekday) && minuteOfDay >= startMinute;
    return isEvening || (weekdays.has(before) && minuteOfDay < endMinute);
  });
}

/** When the hours begin next, as people say it: `monday 19:00`. */
export function nextStart(schedule: Schedule, { weekday, minuteOfDay }: LocalTime): string {
  let best: { readonly inMinutes: number; readonly text: string } | undefined;
  for (const { weekdays, startMinute } of schedule) {
    for (const day of weekdays) {
      const days = (day - weekday + 7) % 7;
      const early = days * dayMinutes + startMinute - minuteOfDay;
      const inMinutes = early < 0 ? early + 7 * dayMinutes : early;
      if (best !== undefined && best.inMinutes <= inMinutes) continue;
      best = { inMinutes, text: `${dayNames[day] ?? ""} ${timeText(startMinute)}` };
    }
  }
  return best?.text ?? "";
}

function parseHours(part: string, param: string): Hours {
  const words = part.split(/\s+/);
  const hours = words.pop() ?? "";
  const found = /^(\d{1,2}):(\d{2})-(\d{1,2}):(\d{2})$/.exec(hours);
  if (found === null) throw wrong(param, `"${part}" has no hours at its end, such as 19:00-07:00`);
  const [, fromHour, fromMinute, toHour, toMinute] = found;
  const startMinute = minuteOf(fromHour, fromMinute);
  const endMinute = minuteOf(toHour, toMinute);
  if (startMinute === undefined || startMinute === dayMinutes || endMinute === undefined)
    throw wrong(param, `"${hours}" are no hours of a day, 00:00 to 24:00`);
  if (startMinute === endMinute)
    throw wrong(param, `"${hours}" is no time at all; a whole day is 00:00-24:00`);
  const weekdays = new Set(words.flatMap((word) => daysOf(word, param)));
  return { weekdays: words.length === 0 ? new Set(dayNames.keys()) : weekdays, startMinute, endMinute };
}

function minuteOf(hour: string | undefined, minute: string | undefined): number | undefined {
  const minutes = Number(hour) * 60 + Number(minute);
  return Number(minute) < 60 && minutes <= dayMinutes ? minutes : undefined;
}

/** `mon`, `monday`, `fri-mon`. */
function daysOf(word: string, param: string): number[] {
  const [from = "", to = from, ...rest] = word.split("-");
  const first = dayOf(from);
  const last = dayOf(to);
  if (first === -1 || last === -1 || rest.length > 0)
    throw wrong(param, `"${word}" is no day: mon, tue, wed, thu, fri, sat, sun, or two of them with a dash`);
  const count = ((last - first + 7) % 7) + 1;
  return Array.from({ length: count }, (_none, at) => (first + at) % 7);
}

function dayOf(text: string): number {
  return text.length < 3 ? -1 : dayNames.findIndex((name) => name.startsWith(text));
}

function timeText(minutes: number): string {
  const two = (value: number) => String(value).padStart(2, "0");
  return `${two(Math.floor(minutes / 60))}:${two(minutes % 60)}`;
}

function wrong(param: string, what: string): MusterError {
  return new MusterError("invalid_request", `The schedule cannot be read: ${what}. ${example}`, { param });
}
