import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { Background } from "./node/background.ts";
import { readChoice, readInteger, readList, readText } from "./node/env.ts";
import { Lifecycle } from "./node/lifecycle.ts";
import { backoffMs } from "./pure/backoff.ts";
import { ManualClock } from "./pure/clock.ts";
import { type Log, type LogFields, silentLog } from "./pure/log.ts";
import { MusterError } from "./pure/muster-error.ts";
import { pause } from "./pure/pause.ts";

function recordingLog(): Log & { readonly lines: { fields: LogFields; words: string }[] } {
  const lines: { fields: LogFields; words: string }[] = [];
  return { ...silentLog, lines, error: (fields, words) => void lines.push({ fields, words }) };
}

describe("backoffMs", () => {
  it("stays within [0, min(max, base * 2^attempt)] for any draw", () => {
    fc.assert(
      fc.property(
        fc.nat({ max: 1_000 }),
        fc.double({ min: 0, max: 0.999_999, noNaN: true }),
        (attempt, draw) => {
          const delay = backoffMs({ baseMs: 100, maxMs: 5_000 }, attempt, () => draw);
          expect(delay).toBeGreaterThanOrEqual(0);
          expect(delay).toBeLessThanOrEqual(Math.min(5_000, 100 * 2 ** attempt));
        },
      ),
    );
  });
});

describe("ManualClock", () => {
  it("runs what falls due in order of time, and what that starts, and not what was cancelled", () => {
    const clock = new ManualClock();
    const ran: string[] = [];
    clock.after(20, () => ran.push("b"));
    clock.after(10, () => {
      ran.push("a");
      clock.after(5, () => ran.push("a2"));
    });
    const cancel = clock.after(12, () => ran.push("never"));
    cancel();
    clock.advance(30);
    expect(ran).toEqual(["a", "a2", "b"]);
    expect(clock.nowMs()).toBe(30);
  });
});

describe("pause", () => {
  it("ends with the time, or with the signal", async () => {
    const clock = new ManualClock();
    const stop = new AbortController();
    const first = pause(clock, 100, stop.signal);
    clock.advance(100);
    await first;
    const second = pause(clock, 100, stop.signal);
    stop.abort();
    await second;
    await pause(clock, 100, stop.signal);
  });
});

describe("Lifecycle", () => {
  it("stops in reverse, once, and goes on where a part fails to stop", async () => {
    const log = recordingLog();
    const lifecycle = new Lifecycle(log);
    const stopped: string[] = [];
    lifecycle.onStop("first", () => void stopped.push("first"));
    lifecycle.onStop("broken", () => Promise.reject(new Error("stuck")));
    lifecycle.onStop("last", async () => void stopped.push("last"));
    await Promise.all([lifecycle.stop(), lifecycle.stop()]);
    expect(stopped).toEqual(["last", "first"]);
    expect(log.lines).toMatchObject([{ fields: { part: "broken" } }]);
  });
});

describe("Background", () => {
  it("reports what fails under its name, and waits for what runs", async () => {
    const log = recordingLog();
    const background = new Background(log);
    background.run("broken", () => Promise.reject(new Error("no")));
    background.run("fine", () => Promise.resolve());
    await background.idle();
    expect(log.lines).toMatchObject([{ fields: { task: "broken" } }]);
  });
});

describe("environment readers", () => {
  it("treat empty as absent, and name the variable and what is wanted where a value is wrong", () => {
    const env = { EMPTY: " ", COUNT: "7", BAD: "seven", LIST: "a, ,b", WORD: "auto" };
    expect(readText(env, "EMPTY")).toBeUndefined();
    expect(readInteger(env, "COUNT", { min: 1, max: 9 })).toBe(7);
    expect(readList(env, "LIST")).toEqual(["a", "b"]);
    expect(readChoice(env, "WORD", ["auto", "off"])).toBe("auto");
    expect(() => readInteger(env, "BAD", { min: 1, max: 9 })).toThrow(/BAD is "seven".*1 to 9/);
    expect(() => readInteger(env, "COUNT", { min: 1, max: 5 })).toThrow(MusterError);
    expect(() => readChoice(env, "BAD", ["auto", "off"])).toThrow(/auto, off/);
  });
});

describe("MusterError", () => {
  it("keeps itself, and wraps what else was thrown", () => {
    const error = new MusterError("queue_full", "full", { retryAfterMs: 5 });
    expect(MusterError.from(error)).toBe(error);
    expect(MusterError.from(new Error("x"))).toMatchObject({ code: "internal", message: "x" });
    expect(MusterError.from("text", "engine_failed")).toMatchObject({
      code: "engine_failed",
      message: "text",
    });
  });
});
