import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { laneName } from "./lane.ts";
import { laneShares } from "./scheduling/lane-shares.ts";

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
  it("gives batch what interactive leaves, and never less than one while there are slots", () => {
    expect(laneShares(8, 0)).toEqual({ interactive: 8, batch: 8 });
    expect(laneShares(8, 5)).toEqual({ interactive: 8, batch: 3 });
    expect(laneShares(8, 12)).toEqual({ interactive: 8, batch: 1 });
    expect(laneShares(0, 0)).toEqual({ interactive: 0, batch: 0 });
  });
});
