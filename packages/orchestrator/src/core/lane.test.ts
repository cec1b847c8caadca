import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { laneName } from "./lane.ts";
import { laneShares, linesPerJob } from "./scheduling/lane-shares.ts";

describe("laneName", () => {
  it("keeps ordinary names readable", () => {
    expect(laneName({ model: "gemma-3-270m-it", class: "interactive" })).toBe("gemma-3-270m-it.interactive");
  });

  it("has no colon, and two models never share a lane", () => {
    fc.assert(
      fc.property(fc.string({ unit: "grapheme" }), fc.string({ unit: "grapheme" }), (a, b) => {
        const nameA = laneName({ model: a, class: "batch" });
        const nameB = laneName({ model: b, class: "batch" });
        expect(nameA).not.toContain(":");
        expect(nameA === nameB).toBe(a === b);
      }),
    );
  });
});

describe("laneShares", () => {
  it("gives batch what interactive leaves, and as many again that wait for a slot", () => {
    expect(laneShares(4, { interactiveHeld: 0 })).toEqual({ interactive: 4, batch: 8 });
    expect(laneShares(4, { interactiveHeld: 3 })).toEqual({ interactive: 4, batch: 5 });
    expect(laneShares(4, { interactiveHeld: 12 })).toEqual({ interactive: 4, batch: 4 });
    expect(laneShares(0, { interactiveHeld: 0 })).toEqual({ interactive: 0, batch: 0 });
  });

  it("counts jobs of several lines where slots are many", () => {
    expect(linesPerJob(4)).toBe(1);
    expect(linesPerJob(32)).toBe(4);
    expect(linesPerJob(1_000)).toBe(8);
    expect(laneShares(32, { interactiveHeld: 0 })).toEqual({ interactive: 32, batch: 16 });
    expect(laneShares(128, { interactiveHeld: 0 })).toEqual({ interactive: 128, batch: (128 + 64) / 8 });
  });
});
