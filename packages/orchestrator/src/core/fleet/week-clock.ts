/** The hour of the week at a moment, as people there count it: 0 is Monday from midnight to one, 167 the last. */
export type WeekClock = (atMs: number) => number;

export const hoursPerWeek = 168;
/** No zone is off by less: within a quarter of an hour the hour is the same. */
const quarterMs = 15 * 60_000;
const days: Readonly<Record<string, number>> = { Mon: 0, Tue: 1, Wed: 2, Thu: 3, Fri: 4, Sat: 5, Sun: 6 };

/** @param timeZone an IANA name; throws RangeError for what is none */
export function createWeekClock(timeZone: string): WeekClock {
  const format = new Intl.DateTimeFormat("en-US", {
    timeZone,
    weekday: "short",
    hour: "2-digit",
    hourCycle: "h23",
  });
  let known = { quarter: Number.NaN, hour: 0 };
  return (atMs) => {
    const quarter = Math.floor(atMs / quarterMs);
    if (quarter === known.quarter) return known.hour;
    const parts = format.formatToParts(atMs);
    const partOf = (type: string) => parts.find((part) => part.type === type)?.value ?? "";
    const hour = (days[partOf("weekday")] ?? 0) * 24 + Number(partOf("hour"));
    known = { quarter, hour };
    return hour;
  };
}

export interface HourSpan {
  readonly fromMs: number;
  readonly untilMs: number;
  /** Of the week. */
  readonly hour: number;
}

/** A stretch of time cut where the hour of the week changes. */
export function* hoursIn(fromMs: number, untilMs: number, week: WeekClock): Generator<HourSpan, undefined> {
  for (let startMs = fromMs; startMs < untilMs; ) {
    const hour = week(startMs);
    let endMs = (Math.floor(startMs / quarterMs) + 1) * quarterMs;
    while (endMs < untilMs && week(endMs) === hour) endMs += quarterMs;
    endMs = Math.min(endMs, untilMs);
    yield { fromMs: startMs, untilMs: endMs, hour };
    startMs = endMs;
  }
}
