import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { isInSchedule, nextStart, parseSchedule } from "./schedule.ts";

const param = "--schedule";
const [sunday, monday, tuesday, , , friday, saturday] = [0, 1, 2, 3, 4, 5, 6] as const;
const at = (weekday: number, hour: number, minute = 0) => ({ weekday, minuteOfDay: hour * 60 + minute });

describe("a schedule", () => {
  const office = parseSchedule("mon-fri 19:00-07:00, sat-sun 00:00-24:00", param);

  it("has hours on days, which may end on the next day", () => {
    expect(isInSchedule(office, at(monday, 6, 59))).toBe(false);
    expect(isInSchedule(office, at(monday, 18, 59))).toBe(false);
    expect(isInSchedule(office, at(monday, 19))).toBe(true);
    expect(isInSchedule(office, at(tuesday, 6, 59))).toBe(true);
    expect(isInSchedule(office, at(tuesday, 7))).toBe(false);
    expect(isInSchedule(office, at(saturday, 6))).toBe(true);
    expect(isInSchedule(office, at(sunday, 23, 59))).toBe(true);
    expect(isInSchedule(office, at(monday, 0))).toBe(false);
  });

  it("takes whole names, several days, days over the weekend, and none for each day", () => {
    const several = parseSchedule("Monday Wed fri-sun 8:00-9:30", param);
    expect([0, 1, 2, 3, 4, 5, 6].filter((day) => isInSchedule(several, at(day, 9)))).toEqual([0, 1, 3, 5, 6]);
    const nightly = parseSchedule("22:00-06:00", param);
    for (let day = 0; day < 7; day++) expect(isInSchedule(nightly, at(day, 23))).toBe(true);
  });

  it("says when it begins next", () => {
    expect(nextStart(office, at(monday, 12))).toBe("monday 19:00");
    expect(nextStart(office, at(friday, 20))).toBe("saturday 00:00");
    expect(nextStart(parseSchedule("tue 01:00-02:00", param), at(tuesday, 3))).toBe("tuesday 01:00");
  });

  it("says what is wrong, where, and how it is written", () => {
    for (const [text, what] of [
      ["", "no hours"],
      ["mon-fri", "no hours at its end"],
      ["mon 19-07", "no hours at its end"],
      ["mon 25:00-26:00", "no hours of a day"],
      ["mon 10:75-11:00", "no hours of a day"],
      ["mon 24:00-07:00", "no hours of a day"],
      ["mon 07:00-07:00", "no time at all"],
      ["mo 07:00-08:00", "is no day"],
      ["noday 07:00-08:00", "is no day"],
      ["mon-tue-wed 07:00-08:00", "is no day"],
      [Array(33).fill("07:00-08:00").join(), "more than 32"],
    ] as const) {
      expect(() => parseSchedule(text, param), text).toThrow(
        expect.objectContaining({ code: "invalid_request", param, message: expect.stringContaining(what) }),
      );
    }
  });

  it("is open for as many minutes of a week as its hours have", () => {
    const anyHours = fc
      .tuple(fc.integer({ min: 0, max: 6 }), fc.nat(1_439), fc.nat(1_440))
      .filter(([, start, end]) => start !== end && !(start === 0 && end === 0));
    const two = (value: number) => String(value).padStart(2, "0");
    const time = (minutes: number) => `${two(Math.floor(minutes / 60))}:${two(minutes % 60)}`;
    const days = ["sun", "mon", "tue", "wed", "thu", "fri", "sat"];
    fc.assert(
      fc.property(anyHours, ([day, start, end]) => {
        const schedule = parseSchedule(`${days[day]} ${time(start)}-${time(end)}`, param);
        let minutes = 0;
        for (let weekday = 0; weekday < 7; weekday++)
          for (let minute = 0; minute < 1_440; minute++)
            if (isInSchedule(schedule, { weekday, minuteOfDay: minute })) minutes += 1;
        expect(minutes).toBe(end > start ? end - start : 1_440 - start + end);
        expect(isInSchedule(schedule, { weekday: day, minuteOfDay: start })).toBe(true);
      }),
    );
  });
});
