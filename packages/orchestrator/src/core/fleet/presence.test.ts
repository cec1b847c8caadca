import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  expectedShare,
  hoursSeen,
  learn,
  likelihood,
  nothingSeen,
  type Presence,
  presenceFromJson,
  presenceToJson,
  stayingFor,
} from "./presence.ts";
import { createWeekClock, hoursIn } from "./week-clock.ts";

const hourMs = 3_600_000;
const dayMs = 24 * hourMs;
/** A Monday, midnight in UTC. */
const monday = Date.UTC(2026, 0, 5);
const week = createWeekClock("UTC");
const lent = { week, isLent: true };
const away = { week, isLent: false };

/** A desktop that is lent from 18:00 to 8:00 on workdays, and all weekend, looked at every minute. */
function office(days: number, from = monday): Presence {
  let presence = nothingSeen(from);
  for (let atMs = from; atMs < from + days * dayMs; atMs += 60_000) {
    const hour = week(atMs);
    const isLent = hour >= 120 || hour % 24 < 8 || hour % 24 >= 18;
    presence = learn(presence, { fromMs: atMs, untilMs: atMs + 60_000, isLent }, week);
  }
  return presence;
}

describe("the hour of the week", () => {
  it("is told in its zone, summer time included", () => {
    expect(week(monday)).toBe(0);
    expect(week(monday + 26.5 * hourMs)).toBe(26);
    expect(week(monday - 1)).toBe(167);
    const berlin = createWeekClock("Europe/Berlin");
    expect(berlin(monday)).toBe(1);
    expect(berlin(Date.UTC(2026, 6, 6))).toBe(2);
    expect(createWeekClock("Asia/Kolkata")(monday + 30 * 60_000 + 18 * hourMs)).toBe(24);
  });

  it("cuts time where it changes, also at half past, and loses nothing", () => {
    const kolkata = createWeekClock("Asia/Kolkata");
    const spans = [...hoursIn(monday + 60_000, monday + 2 * hourMs, kolkata)];
    expect(spans.map(({ untilMs }) => (untilMs - monday) / 60_000)).toEqual([30, 90, 120]);
    expect(spans.map(({ hour }) => hour)).toEqual([5, 6, 7]);
  });
});

describe("what is learnt of a worker", () => {
  it("is nothing at first: it stays as it is", () => {
    const nothing = nothingSeen(monday);
    for (let hour = 0; hour < 168; hour++) {
      expect(likelihood(nothing, monday + hour * hourMs, lent)).toBe(1);
      expect(likelihood(nothing, monday + hour * hourMs, away)).toBe(0);
    }
    expect(stayingFor(nothing, { fromMs: monday, forMs: dayMs }, week)).toBe(1);
  });

  it("is a share of time, of parts of an hour too, with doubt where little was seen", () => {
    let presence = nothingSeen(monday);
    presence = learn(presence, { fromMs: monday, untilMs: monday + 15 * 60_000, isLent: true }, week);
    presence = learn(
      presence,
      { fromMs: monday + 15 * 60_000, untilMs: monday + hourMs, isLent: false },
      week,
    );
    expect(hoursSeen(presence)).toBeCloseTo(1, 3);
    // Any time: (0.25 + 24) / (1 + 24) = 0.97; this time of day: (0.25 + 0.97) / (1 + 1) = 0.61; this hour:
    // (0.25 + 0.5 * 0.61) / 1.5 = 0.37.
    expect(likelihood(presence, monday, lent)).toBeCloseTo(0.37, 2);
    expect(likelihood(presence, monday + dayMs, lent)).toBeCloseTo(0.61, 2);
    expect(likelihood(presence, monday + hourMs, lent)).toBeCloseTo(0.97, 2);
  });

  it("knows an office after four weeks, and its Tuesday after a Monday", () => {
    const known = office(28);
    const at = (day: number, hour: number) =>
      likelihood(known, monday + 28 * dayMs + day * dayMs + hour * hourMs, lent);
    expect(at(0, 3)).toBeGreaterThan(0.9);
    expect(at(0, 10)).toBeLessThan(0.1);
    expect(at(5, 10)).toBeGreaterThan(0.9);
    const young = office(1);
    expect(likelihood(young, monday + dayMs + 10 * hourMs, lent)).toBeLessThan(0.45);
    expect(likelihood(young, monday + dayMs + 20 * hourMs, away)).toBeGreaterThan(0.6);
  });

  it("is forgotten by half in four weeks", () => {
    const once = learn(nothingSeen(monday), { fromMs: monday, untilMs: monday + hourMs, isLent: true }, week);
    const later = monday + hourMs + 28 * dayMs;
    const faded = learn(once, { fromMs: later - 1, untilMs: later, isLent: true }, week);
    expect(hoursSeen(faded)).toBeCloseTo(0.5, 4);
  });

  it("says for how long a worker that is lent now should stay", () => {
    const known = office(28);
    const seven = monday + 28 * dayMs + 7 * hourMs;
    expect(stayingFor(known, { fromMs: seven, forMs: 30 * 60_000 }, week)).toBe(1);
    expect(stayingFor(known, { fromMs: seven, forMs: 2 * hourMs }, week)).toBeLessThan(0.1);
    const share = expectedShare(known, { fromMs: seven, untilMs: seven + 2 * hourMs }, lent);
    expect(share).toBeGreaterThan(0.45);
    expect(share).toBeLessThan(0.55);
  });

  it("does not take a clock that was set for days of evidence, nor time that it knows", () => {
    const jumped = learn(
      nothingSeen(monday),
      { fromMs: monday, untilMs: monday + 90 * dayMs, isLent: true },
      week,
    );
    expect(hoursSeen(jumped)).toBeLessThanOrEqual(24);
    expect(learn(jumped, { fromMs: monday, untilMs: monday + hourMs, isLent: false }, week)).toBe(jumped);
  });

  it("stays within bounds, whatever is seen, and survives its JSON", () => {
    const looks = fc.array(
      fc.record({
        gapMs: fc.integer({ min: 0, max: 3 * dayMs }),
        forMs: fc.integer({ min: 0, max: 2 * dayMs }),
        isLent: fc.boolean(),
      }),
      { maxLength: 40 },
    );
    fc.assert(
      fc.property(looks, fc.integer({ min: 0, max: 200 }), fc.boolean(), (seen, hours, isLent) => {
        let presence = nothingSeen(monday);
        let nowMs = monday;
        for (const { gapMs, forMs, isLent: wasLent } of seen) {
          const fromMs = nowMs + gapMs;
          nowMs = fromMs + forMs;
          presence = learn(presence, { fromMs, untilMs: nowMs, isLent: wasLent }, week);
        }
        const outlook = { week, isLent };
        const likely = likelihood(presence, nowMs + hours * hourMs, outlook);
        expect(likely).toBeGreaterThanOrEqual(0);
        expect(likely).toBeLessThanOrEqual(1);
        const staying = stayingFor(presence, { fromMs: nowMs, forMs: hours * hourMs }, week);
        expect(staying).toBeGreaterThanOrEqual(0);
        expect(staying).toBeLessThanOrEqual(1);
        const json = JSON.stringify(presenceToJson(presence));
        expect(json.length).toBeLessThan(6_000);
        const read = presenceFromJson(JSON.parse(json));
        expect(read).toBeDefined();
        if (read !== undefined)
          expect(likelihood(read, nowMs + hours * hourMs, outlook)).toBeCloseTo(likely, 1);
      }),
      { numRuns: 60 },
    );
  });

  it("is the same whether it was seen at once or in pieces", () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 2, max: 200 }),
        fc.integer({ min: 1, max: 20 * 60 }),
        (pieces, minutes) => {
          const untilMs = monday + minutes * 60_000;
          const whole = learn(nothingSeen(monday), { fromMs: monday, untilMs, isLent: true }, week);
          let parts = nothingSeen(monday);
          for (let at = 0; at < pieces; at++) {
            const edge = (count: number) => monday + Math.round((count * minutes * 60_000) / pieces);
            parts = learn(parts, { fromMs: edge(at), untilMs: edge(at + 1), isLent: true }, week);
          }
          // What was seen earlier has faded a little by the end.
          expect(hoursSeen(parts)).toBeCloseTo(hoursSeen(whole), 0);
          expect(likelihood(parts, monday, away)).toBeCloseTo(likelihood(whole, monday, away), 2);
        },
      ),
      { numRuns: 30 },
    );
  });

  it("is not read from what is no such record", () => {
    const good = JSON.parse(JSON.stringify(presenceToJson(office(1))));
    for (const bad of [
      null,
      {},
      { ...good, seen: [] },
      { ...good, lent: good.lent.map(() => -1) },
      { ...good, atMs: "x" },
      { ...good, seen: good.seen.map(() => 1e9) },
    ])
      expect(presenceFromJson(bad)).toBeUndefined();
  });
});
