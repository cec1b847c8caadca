import { expect, it } from "vitest";
import { nextMonthMs, utcDay, utcMonth } from "./utc.ts";

it("tells days and months in UTC, whatever the clock on the wall shows", () => {
  const last = Date.parse("2026-12-31T23:59:59.999Z");
  expect(utcDay(last)).toBe("2026-12-31");
  expect(utcMonth(last)).toBe("2026-12");
  expect(new Date(nextMonthMs(last)).toISOString()).toBe("2027-01-01T00:00:00.000Z");
  expect(utcDay(nextMonthMs(Date.parse("2028-02-29T12:00:00Z")))).toBe("2028-03-01");
});
