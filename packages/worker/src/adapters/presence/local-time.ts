import type { LocalTime } from "../../core/schedule.ts";

const weekdays = ["Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"];

/** A moment as the clock on the wall shows it; the zone is the machine's where none is given. */
export function createLocalTime(timeZone?: string): (wallMs: number) => LocalTime {
  const format = new Intl.DateTimeFormat("en-US", {
    timeZone,
    hourCycle: "h23",
    weekday: "short",
    hour: "2-digit",
    minute: "2-digit",
  });
  return (wallMs) => {
    const parts = new Map(format.formatToParts(wallMs).map(({ type, value }) => [type, value]));
    return {
      weekday: Math.max(0, weekdays.indexOf(parts.get("weekday") ?? "")),
      minuteOfDay: Number(parts.get("hour")) * 60 + Number(parts.get("minute")),
    };
  };
}

/** `mon 14:30`, for people on this machine. */
export function localTimeText(wallMs: number): string {
  const format = new Intl.DateTimeFormat("en-GB", { weekday: "short", hour: "2-digit", minute: "2-digit" });
  return format.format(wallMs).toLowerCase();
}
