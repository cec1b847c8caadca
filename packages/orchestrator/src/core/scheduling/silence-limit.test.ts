import { describe, expect, it } from "vitest";
import { silenceLimitMs } from "./silence-limit.ts";

const unknown = { promptTokens: undefined, prefillMs: undefined, longestMs: undefined };

describe("silenceLimitMs", () => {
  it("is a minute for what streams, or ten times the reading of its prompt", () => {
    expect(silenceLimitMs({ ...unknown, prefillMs: 500 }, false)).toBe(60_000);
    expect(silenceLimitMs({ ...unknown, prefillMs: 20_000 }, false)).toBe(200_000);
  });

  it("gives a machine that nobody has measured time for a long prompt", () => {
    expect(silenceLimitMs(unknown, false)).toBe(60_000);
    expect(silenceLimitMs({ ...unknown, promptTokens: 3_000 }, false)).toBe(360_000);
  });

  it("leaves what is wanted whole the time for all of it, and as long as it likes where nobody knows", () => {
    expect(silenceLimitMs(unknown, true)).toBeUndefined();
    expect(silenceLimitMs({ ...unknown, longestMs: 1_000 }, true)).toBe(600_000);
    expect(silenceLimitMs({ ...unknown, longestMs: 500_000 }, true)).toBe(2_000_000);
    expect(silenceLimitMs({ ...unknown, longestMs: 1e12 }, true)).toBe(86_400_000);
  });
});
