import { likelihoods, type Presence } from "./presence.ts";
import { hoursIn, type WeekClock } from "./week-clock.ts";

/** A worker as far as it serves what is looked at. */
export interface KnownWorker {
  readonly presence: Presence;
  readonly isLent: boolean;
  /** That it has when it is lent. */
  readonly slots: number;
}

export interface ExpectedHour {
  readonly fromMs: number;
  readonly untilMs: number;
  /** Of the slots that are lent now; more than 1 where others are expected. */
  readonly share: number;
}

const weekMs = 7 * 24 * 3_600_000;

/**
 * How many slots are expected in the coming week, hour by hour. For the rest of this hour all stays as it is. Empty where
 * nobody is lent now: then there is nothing that work could be measured by.
 */
export function expectedHours(
  workers: readonly KnownWorker[],
  nowMs: number,
  week: WeekClock,
): readonly ExpectedHour[] {
  const slotsNow = workers.reduce((sum, { isLent, slots }) => sum + (isLent ? slots : 0), 0);
  if (slotsNow === 0) return [];
  const likely = workers.map(({ presence, isLent, slots }) => ({ slots, at: likelihoods(presence, isLent) }));
  const byHour = new Map<number, number>();
  return [...hoursIn(nowMs, nowMs + weekMs, week)].map(({ fromMs, untilMs, hour }, index) => {
    if (index === 0) return { fromMs, untilMs, share: 1 };
    const share =
      byHour.get(hour) ?? likely.reduce((sum, { slots, at }) => sum + slots * at(hour), 0) / slotsNow;
    byHour.set(hour, share);
    return { fromMs, untilMs, share };
  });
}

/** Less than this is nobody. */
const leastShare = 0.001;

/**
 * How long work takes that would take `workMs` if all stayed as it is now. Beyond the hours that are known it goes on at
 * their mean. Undefined: it will never be done.
 */
export function timeToDo(workMs: number, hours: readonly ExpectedHour[]): number | undefined {
  let leftMs = workMs;
  let passedMs = 0;
  let doneMs = 0;
  for (const { fromMs, untilMs, share } of hours) {
    const possibleMs = (untilMs - fromMs) * share;
    if (possibleMs >= leftMs) return passedMs + leftMs / share;
    leftMs -= possibleMs;
    doneMs += possibleMs;
    passedMs += untilMs - fromMs;
  }
  const mean = passedMs === 0 ? 1 : doneMs / passedMs;
  return mean < leastShare ? undefined : passedMs + leftMs / mean;
}
