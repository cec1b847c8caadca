import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { defaultReserveBytes, type EvictionCandidate, planEviction } from "./eviction.ts";

const unlimited = { budgetBytes: undefined, freeDiskBytes: 1_000_000, reserveBytes: 0 };

function file(id: string, bytes: number, lastUsedMs: number, isKept = false): EvictionCandidate {
  return { id, bytes, lastUsedMs, isKept };
}

describe("planEviction", () => {
  const files = [file("new", 40, 3), file("old", 30, 1), file("pinned", 50, 0, true), file("middle", 20, 2)];
  const plan = (neededBytes: number, budgetBytes: number | undefined) =>
    planEviction(files, { ...unlimited, neededBytes, usedBytes: 140, budgetBytes });

  it("removes nothing while there is room", () => {
    expect(plan(10, 150)).toEqual({ kind: "room", remove: [] });
    expect(plan(1_000_000, undefined)).toEqual({ kind: "room", remove: [] });
  });

  it("removes what was not used for longest, and never what is kept", () => {
    expect(plan(10, 140)).toEqual({ kind: "room", remove: ["old"] });
    expect(plan(40, 140)).toEqual({ kind: "room", remove: ["old", "middle"] });
    expect(plan(90, 140)).toEqual({ kind: "room", remove: ["old", "middle", "new"] });
  });

  it("spares the smaller ones where a later one is enough by itself", () => {
    const sizes = [file("tiny", 1, 1), file("huge", 100, 2)];
    const need = { ...unlimited, neededBytes: 50, usedBytes: 101, budgetBytes: 101 };
    expect(planEviction(sizes, need)).toEqual({ kind: "room", remove: ["huge"] });
  });

  it("removes nothing where it would not be enough, and says what is missing", () => {
    expect(plan(100, 140)).toEqual({ kind: "no-room", missingBytes: 10 });
  });

  it("keeps the reserve of the disk free whatever the budget says", () => {
    const need = {
      neededBytes: 10,
      usedBytes: 140,
      budgetBytes: 10_000,
      freeDiskBytes: 25,
      reserveBytes: 20,
    };
    expect(planEviction(files, need)).toEqual({ kind: "room", remove: ["old"] });
  });

  const candidates = fc.uniqueArray(
    fc.record({
      id: fc.string({ minLength: 1, maxLength: 4 }),
      bytes: fc.nat(100),
      lastUsedMs: fc.nat(5),
      isKept: fc.boolean(),
    }),
    { selector: ({ id }) => id, maxLength: 12 },
  );
  const needs = fc.record({
    neededBytes: fc.nat(400),
    budgetBytes: fc.option(fc.nat(800), { nil: undefined }),
    freeDiskBytes: fc.nat(400),
    reserveBytes: fc.nat(100),
  });

  it("holds its promises for any files and any need", () => {
    void fc.assert(
      fc.property(candidates, needs, (all, given) => {
        const bytesOf = (some: readonly EvictionCandidate[]) =>
          some.reduce((sum, { bytes }) => sum + bytes, 0);
        const need = { ...given, usedBytes: bytesOf(all) };
        const missing = (freedBytes: number) =>
          Math.max(
            need.budgetBytes === undefined
              ? 0
              : need.usedBytes + need.neededBytes - freedBytes - need.budgetBytes,
            need.neededBytes + need.reserveBytes - need.freeDiskBytes - freedBytes,
          );
        const free = all.filter(({ isKept }) => !isKept);
        const found = planEviction(all, need);
        if (found.kind === "no-room") {
          expect(found.missingBytes).toBe(missing(bytesOf(free)));
          expect(found.missingBytes).toBeGreaterThan(0);
          return;
        }
        const removed = found.remove.map((id) => all.find((each) => each.id === id) as EvictionCandidate);
        expect(removed.every(({ isKept }) => !isKept)).toBe(true);
        expect(new Set(found.remove).size).toBe(found.remove.length);
        expect(missing(bytesOf(removed))).toBeLessThanOrEqual(0);
        // None of them goes for nothing, and nobody's place is taken by one that was used before.
        for (const each of removed) expect(missing(bytesOf(removed) - each.bytes)).toBeGreaterThan(0);
        const newestMs = Math.max(...removed.map(({ lastUsedMs }) => lastUsedMs));
        const spared = free.filter(({ id }) => !found.remove.includes(id));
        const older = spared.filter(({ lastUsedMs }) => lastUsedMs < newestMs);
        expect(missing(bytesOf(older))).toBeGreaterThan(removed.length === 0 ? Number.NEGATIVE_INFINITY : 0);
      }),
    );
  });
});

describe("defaultReserveBytes", () => {
  it("is a tenth of the disk, at most 20 GB", () => {
    expect(defaultReserveBytes(100_000_000_000)).toBe(10_000_000_000);
    expect(defaultReserveBytes(4_000_000_000_000)).toBe(20_000_000_000);
  });
});
