import { hoursIn, hoursPerWeek, type WeekClock } from "./week-clock.ts";

/** What has been seen of one worker, for each hour of the week: a value, about 2 KB, whatever the time it is of. */
export interface Presence {
  /** Until when it was learnt: what is older counts less, by its distance from here. */
  readonly atMs: number;
  /** Hours that it was looked at, and hours of these that it was lent; 168 each. */
  readonly seen: readonly number[];
  readonly lent: readonly number[];
}

export interface Outlook {
  readonly week: WeekClock;
  /** Where nothing has been learnt, it stays as it is now. */
  readonly isLent: boolean;
}

const hourMs = 3_600_000;
/** What was seen four weeks ago counts half. */
const halfLifeMs = 28 * 24 * hourMs;
/** So many hours of evidence count as much as what would be believed without them. */
const doubtHours = { hour: 0.5, kindOfDay: 1, week: 24 } as const;
/** More at once is a clock that was set. */
const mostAtOnceMs = 24 * hourMs;
/** A worker that is here at an hour when it never was: the ratio stays a number. */
const leastLikelihood = 0.05;

export function nothingSeen(atMs: number): Presence {
  const none = Array.from({ length: hoursPerWeek }, () => 0);
  return { atMs, seen: none, lent: none };
}

/** With what was seen from one moment to another. What lies before `atMs` is known already. */
export function learn(
  presence: Presence,
  seen: { readonly fromMs: number; readonly untilMs: number; readonly isLent: boolean },
  week: WeekClock,
): Presence {
  const { untilMs, isLent } = seen;
  const fromMs = Math.max(seen.fromMs, presence.atMs, untilMs - mostAtOnceMs);
  if (!(untilMs > fromMs)) return presence;
  const fading = 0.5 ** ((untilMs - presence.atMs) / halfLifeMs);
  const hours = {
    seen: presence.seen.map((each) => each * fading),
    lent: presence.lent.map((each) => each * fading),
  };
  for (const span of hoursIn(fromMs, untilMs, week)) {
    const share = (span.untilMs - span.fromMs) / hourMs;
    hours.seen[span.hour] = (hours.seen[span.hour] ?? 0) + share;
    if (isLent) hours.lent[span.hour] = (hours.lent[span.hour] ?? 0) + share;
  }
  return { atMs: untilMs, ...hours };
}

/** Hours of evidence, faded. */
export function hoursSeen({ seen }: Presence): number {
  return seen.reduce((sum, each) => sum + each, 0);
}

/**
 * How likely the worker is lent at a moment, 0 to 1: by what was seen at that hour of the week, filled up with what was
 * seen at that hour of other such days, at any time, and with how it is now.
 */
export function likelihood(presence: Presence, atMs: number, outlook: Outlook): number {
  return likelihoods(presence, outlook.isLent)(outlook.week(atMs));
}

/** The mean of `likelihood` over a stretch of time. */
export function expectedShare(
  presence: Presence,
  { fromMs, untilMs }: { readonly fromMs: number; readonly untilMs: number },
  { week, isLent }: Outlook,
): number {
  const at = likelihoods(presence, isLent);
  if (untilMs <= fromMs) return at(week(fromMs));
  let sumMs = 0;
  for (const span of hoursIn(fromMs, untilMs, week)) sumMs += at(span.hour) * (span.untilMs - span.fromMs);
  return sumMs / (untilMs - fromMs);
}

/** How likely a worker that is lent now stays lent for so long: by the hour in which it is least likely to be. */
export function stayingFor(
  presence: Presence,
  { fromMs, forMs }: { readonly fromMs: number; readonly forMs: number },
  week: WeekClock,
): number {
  const at = likelihoods(presence, true);
  const now = Math.max(leastLikelihood, at(week(fromMs)));
  let staying = 1;
  for (const { hour } of hoursIn(fromMs, fromMs + forMs, week)) staying = Math.min(staying, at(hour) / now);
  return staying;
}

/** For each hour of the week; what hours share is added up once. */
export function likelihoods({ seen, lent }: Presence, isLent: boolean): (hour: number) => number {
  const kinds = Array.from({ length: 2 * 24 }, () => ({ seen: 0, lent: 0 }));
  const all = { seen: 0, lent: 0 };
  for (const [hour, seenThen] of seen.entries()) {
    for (const sums of [all, kinds[kindOf(hour)]]) {
      if (sums === undefined) continue;
      sums.seen += seenThen;
      sums.lent += lent[hour] ?? 0;
    }
  }
  const anyTime = believed(all, doubtHours.week, isLent ? 1 : 0);
  const byKind = kinds.map((sums) => believed(sums, doubtHours.kindOfDay, anyTime));
  return (hour) =>
    believed(
      { seen: seen[hour] ?? 0, lent: lent[hour] ?? 0 },
      doubtHours.hour,
      byKind[kindOf(hour)] ?? anyTime,
    );
}

function believed(
  sums: { readonly seen: number; readonly lent: number },
  doubt: number,
  otherwise: number,
): number {
  return (sums.lent + doubt * otherwise) / (sums.seen + doubt);
}

const fridayEnd = 5 * 24;

/** The time of day, on workdays or at the weekend. */
function kindOf(hour: number): number {
  return (hour % 24) + (hour < fridayEnd ? 0 : 24);
}

/** For a store; thousandths of an hour are enough. */
export function presenceToJson({ atMs, seen, lent }: Presence): object {
  const rounded = (values: readonly number[]) => values.map((value) => Math.round(value * 1_000) / 1_000);
  return { atMs, seen: rounded(seen), lent: rounded(lent) };
}

/** Undefined for what is not of that form. */
export function presenceFromJson(value: unknown): Presence | undefined {
  if (typeof value !== "object" || value === null) return undefined;
  const { atMs, seen, lent } = value as Partial<Record<keyof Presence, unknown>>;
  if (typeof atMs !== "number" || !Number.isFinite(atMs) || !isHours(seen) || !isHours(lent))
    return undefined;
  return { atMs, seen, lent: lent.map((each, hour) => Math.min(each, seen[hour] ?? 0)) };
}

/** Evidence fades: no hour ever has more than this. */
const mostHours = 100;

function isHours(value: unknown): value is readonly number[] {
  return (
    Array.isArray(value) &&
    value.length === hoursPerWeek &&
    value.every((each) => typeof each === "number" && each >= 0 && each <= mostHours)
  );
}
