import { describe, expect, it } from "vitest";
import { isWanted, sourceOf } from "./log-query.ts";

const traceId = "a".repeat(32);
const line = {
  ...({ atMs: 1, level: "warn", source: "desk", words: "words" } as const),
  fields: { requestId: "req-1-0", traceId },
};

describe("which lines are wanted", () => {
  it("are those of a level and above, of one source", () => {
    expect(isWanted(line, { level: "info" })).toBe(true);
    expect(isWanted(line, { level: "error" })).toBe(false);
    expect(isWanted(line, { level: "debug", source: "desk" })).toBe(true);
    expect(isWanted(line, { level: "debug", source: "other" })).toBe(false);
  });

  it.each([
    ["req-1", true],
    ["req-1-0", true],
    ["req-1-1", false],
    ["req", false],
    ["req-10", false],
    [traceId, true],
    [`req-${traceId}`, true],
    ["desk", false],
  ])("are those about %s: %j", (request, isIt) => {
    expect(isWanted(line, { level: "debug", request })).toBe(isIt);
  });

  it("a worker that calls itself orchestrator does not speak for it", () => {
    expect([sourceOf("desk"), sourceOf("orchestrator")]).toEqual(["desk", "worker:orchestrator"]);
  });
});
