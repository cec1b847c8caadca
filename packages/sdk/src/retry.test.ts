import { describe, expect, it } from "vitest";
import { isRetryable, retryDelayMs } from "./retry.ts";

const wallMs = Date.parse("2026-01-01T00:00:00Z");
const chance = { random: 0.5, wallMs };

describe("isRetryable", () => {
  it.each([
    [400, undefined, false],
    [401, undefined, false],
    [403, undefined, false],
    [404, undefined, false],
    [408, undefined, true],
    [409, undefined, true],
    [413, undefined, false],
    [422, undefined, false],
    [429, undefined, true],
    [499, undefined, false],
    [500, undefined, true],
    [503, undefined, true],
    [500, "false", false],
    [429, "false", false],
    [400, "true", true],
    [500, "nonsense", true],
  ])("says of %i with x-should-retry %s: %s", (status, said, expected) => {
    expect(isRetryable(status, new Headers(said === undefined ? {} : { "x-should-retry": said }))).toBe(
      expected,
    );
  });
});

describe("retryDelayMs", () => {
  it.each<[string, Record<string, string>, number]>([
    ["milliseconds before seconds", { "retry-after-ms": "1500", "retry-after": "9" }, 1_500],
    ["seconds", { "retry-after": "3" }, 3_000],
    ["fractions of seconds", { "retry-after": "0.25" }, 250],
    ["a date", { "retry-after": "Thu, 01 Jan 2026 00:00:20 GMT" }, 20_000],
    ["no wait for a date that has passed", { "retry-after": "Wed, 31 Dec 2025 23:00:00 GMT" }, 0],
    ["at most a minute", { "retry-after": "3600" }, 60_000],
    ["the backoff where it makes no sense", { "retry-after": "soon" }, 375],
    ["the backoff where it is negative", { "retry-after-ms": "-5" }, 375],
  ])("takes from the server %s", (_name, headers, expected) => {
    expect(retryDelayMs(0, new Headers(headers), chance)).toBe(expected);
  });

  it("doubles up to eight seconds, and draws from the upper half", () => {
    const delays = [0, 1, 2, 3, 4, 50].map((retries) =>
      retryDelayMs(retries, undefined, { random: 0, wallMs }),
    );
    expect(delays).toEqual([250, 500, 1_000, 2_000, 4_000, 4_000]);
    expect(retryDelayMs(0, undefined, { random: 0.999_999, wallMs })).toBeCloseTo(500, 2);
  });
});
