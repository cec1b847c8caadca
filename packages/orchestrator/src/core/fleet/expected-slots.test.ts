import { describe, expect, it } from "vitest";
import { forecast } from "../batches/forecast.ts";
import { hoursByExpectation } from "../batches/plan-hours.ts";
import { expectedHours, timeToDo } from "./expected-slots.ts";
import { nothingSeen, type Presence } from "./presence.ts";
import { createWeekClock } from "./week-clock.ts";

const hourMs = 3_600_000;
/** A Monday, midnight in UTC. */
const monday = Date.UTC(2026, 0, 5);
const week = createWeekClock("UTC");

/** So much evidence that doubt is nothing, of lending at these hours of each day. */
function sure(isLentAt: (hourOfDay: number) => boolean): Presence {
  const seen = Array.from({ length: 168 }, () => 1e6);
  return { atMs: monday, seen, lent: seen.map((each, hour) => (isLentAt(hour % 24) ? each : 0)) };
}
const nights = sure((hour) => hour < 8 || hour >= 18);
const always = sure(() => true);
const days = sure((hour) => hour >= 8 && hour < 18);

describe("the slots that are expected", () => {
  const nightDesk = { presence: nights, isLent: true, slots: 2 };
  const server = { presence: always, isLent: true, slots: 2 };
  const dayDesk = { presence: days, isLent: false, slots: 6 };

  it("are those of each worker by its likelihood, as a share of those that are lent now", () => {
    const hours = expectedHours([nightDesk, server, dayDesk], monday + 6.5 * hourMs, week);
    const shareAt = (hourOfDay: number) =>
      hours.find(({ fromMs }) => fromMs === monday + hourOfDay * hourMs)?.share;
    expect(hours[0]).toEqual({ fromMs: monday + 6.5 * hourMs, untilMs: monday + 7 * hourMs, share: 1 });
    expect(shareAt(7)).toBeCloseTo(1, 3);
    // The two night slots leave, the six of the day desk come: (2 + 6) / 4.
    expect(shareAt(8)).toBeCloseTo(2, 3);
    expect(shareAt(18)).toBeCloseTo(1, 3);
    expect(hours.at(-1)?.untilMs).toBe(monday + 6.5 * hourMs + 168 * hourMs);
  });

  it("are as they are now where nothing was learnt, and unknown where nobody is lent", () => {
    const unknown = { presence: nothingSeen(monday), isLent: true, slots: 2 };
    expect(expectedHours([unknown], monday, week).every(({ share }) => share === 1)).toBe(true);
    expect(expectedHours([{ ...unknown, isLent: false }], monday, week)).toEqual([]);
    expect(expectedHours([], monday, week)).toEqual([]);
  });
});

describe("the time that work takes", () => {
  const atSix = monday + 6 * hourMs;
  // Ten desks lend by night; one machine always.
  const desks = [
    { presence: nights, isLent: true, slots: 10 },
    { presence: always, isLent: true, slots: 1 },
  ];

  it("is longer when those that work now will leave, and they come back in the evening", () => {
    const hours = expectedHours(desks, atSix, week);
    expect(timeToDo(2 * hourMs, hours)).toBeCloseTo(2 * hourMs, -4);
    // Two hours with 11 slots, ten with 1 of 11 (10/11 h of work), then 11 again.
    const tenHoursMs = (10 / 11) * hourMs;
    expect(timeToDo(2 * hourMs + tenHoursMs / 2, hours)).toBeCloseTo(7 * hourMs, -5);
    expect(timeToDo(4 * hourMs, hours)).toBeCloseTo((2 + 10) * hourMs + (2 * hourMs - tenHoursMs), -5);
  });

  it("goes on at the week's mean beyond the week, and never ends where nobody comes", () => {
    const none = [
      { fromMs: 0, untilMs: hourMs, share: 1 },
      { fromMs: hourMs, untilMs: 168 * hourMs, share: 0 },
    ];
    // Of 168 hours one has work done: mean 1/168.
    expect(timeToDo(2 * hourMs, none)).toBeCloseTo(336 * hourMs, -3);
    expect(timeToDo(hourMs, [{ fromMs: 0, untilMs: hourMs, share: 0 }])).toBeUndefined();
    expect(timeToDo(5 * hourMs, [])).toBe(5 * hourMs);
  });

  it("is what a forecast and a plan say, and neither changes where nothing was learnt", () => {
    const samples = Array.from({ length: 61 }, (_none, at) => ({
      atMs: atSix - 120_000 + at * 2_000,
      lines: at * 2,
      tokens: at * 20,
    }));
    // One line a second, three hours of lines: two by night, then 11 hours' worth in ten times the time.
    const now = { nowMs: atSix, remainingLines: 3 * 3_600 };
    const hours = expectedHours(desks, atSix, week);
    const plain = forecast(samples, now);
    expect(plain.finishAtMs).toBeCloseTo(atSix + 3 * hourMs, -3);
    expect(forecast(samples, { ...now, hours: [] })).toEqual(plain);
    const expected = atSix + 12 * hourMs + (1 - 10 / 11) * hourMs;
    expect(forecast(samples, { ...now, hours }).finishAtMs).toBeCloseTo(expected, -5);
    expect(hoursByExpectation(3, hours)).toBeCloseTo(12 + 1 / 11, 2);
    expect(hoursByExpectation(3, [])).toBe(3);
    expect(hoursByExpectation(undefined, hours)).toBeUndefined();
  });
});
