import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { type HeldMemory, hasRoomAgain, replicasToUnload, spareFor } from "./memory-pressure.ts";

const gib = 1024 ** 3;

function held(replicaId: string, change: Partial<HeldMemory> = {}): HeldMemory {
  return { replicaId, vramBytes: 4 * gib, ramBytes: 0, isFixed: false, lastUsedMs: 0, ...change };
}

const ofVram = (vramBytes: number | undefined) => ({ vramBytes, ramBytes: undefined });

describe("replicasToUnload", () => {
  it("takes nothing while all fits, while nobody tells, and for less than what measuring gets wrong", () => {
    expect(replicasToUnload([held("a")], ofVram(4 * gib))).toEqual([]);
    expect(replicasToUnload([held("a")], ofVram(undefined))).toEqual([]);
    expect(replicasToUnload([held("a")], ofVram(4 * gib - 1024 ** 2))).toEqual([]);
    expect(replicasToUnload([], ofVram(0))).toEqual([]);
  });

  it("takes the longest unused first, and what the owner has chosen last", () => {
    const all = [
      held("fixed", { isFixed: true, lastUsedMs: 1 }),
      held("new", { lastUsedMs: 9 }),
      held("old", { lastUsedMs: 2 }),
    ];
    expect(replicasToUnload(all, ofVram(11 * gib))).toEqual(["old"]);
    expect(replicasToUnload(all, ofVram(7 * gib))).toEqual(["old", "new"]);
    expect(replicasToUnload(all, ofVram(0))).toEqual(["old", "new", "fixed"]);
  });

  it("leaves alone what does not hold what is short", () => {
    const all = [held("on-cpu", { vramBytes: 0, ramBytes: 4 * gib }), held("on-gpu", { lastUsedMs: 5 })];
    expect(replicasToUnload(all, ofVram(gib))).toEqual(["on-gpu"]);
    expect(replicasToUnload(all, { vramBytes: 8 * gib, ramBytes: gib })).toEqual(["on-cpu"]);
  });

  it("lets the owner's choice take what was kept free, until others take more than they had", () => {
    const all = [held("fixed", { isFixed: true }), held("placed")];
    const spare = spareFor(all, ofVram(3 * gib));
    expect(spare).toEqual({ vramBytes: -gib, ramBytes: 0 });
    expect(replicasToUnload(all, ofVram(3 * gib), spare)).toEqual(["placed"]);
    expect(replicasToUnload(all, ofVram(2.6 * gib), spare)).toEqual(["placed"]);
    expect(replicasToUnload(all, ofVram(2.4 * gib), spare)).toEqual(["placed", "fixed"]);
  });

  it("leaves no more than is offered, and takes no replica that could have stayed last", () => {
    const anyHeld = fc.array(
      fc.record({
        vramBytes: fc.integer({ min: 0, max: 8 }).map((n) => n * gib),
        ramBytes: fc.integer({ min: 0, max: 8 }).map((n) => n * gib),
        isFixed: fc.boolean(),
        lastUsedMs: fc.nat(),
      }),
      { maxLength: 12 },
    );
    const anyOffer = fc.integer({ min: 0, max: 40 }).map((n) => n * gib);
    fc.assert(
      fc.property(anyHeld, anyOffer, anyOffer, (some, vramBytes, ramBytes) => {
        const all = some.map((each, at) => ({ ...each, replicaId: `r${at}` }));
        const gone = new Set(replicasToUnload(all, { vramBytes, ramBytes }));
        const stay = all.filter(({ replicaId }) => !gone.has(replicaId));
        expect(stay.reduce((sum, each) => sum + each.vramBytes, 0)).toBeLessThanOrEqual(vramBytes);
        expect(stay.reduce((sum, each) => sum + each.ramBytes, 0)).toBeLessThanOrEqual(ramBytes);
        const last = all.find(({ replicaId }) => replicaId === [...gone].at(-1));
        if (last === undefined) return;
        const withLast = [...stay, last];
        const tooMuch =
          withLast.reduce((sum, each) => sum + each.vramBytes, 0) > vramBytes ||
          withLast.reduce((sum, each) => sum + each.ramBytes, 0) > ramBytes;
        expect(tooMuch).toBe(true);
      }),
    );
  });
});

describe("hasRoomAgain", () => {
  it("wants some memory to spare", () => {
    const wanted = { vramBytes: 4 * gib, ramBytes: 0 };
    const spare = { vramBytes: 9 * gib, ramBytes: 0 };
    const has = (offeredGib: number | undefined, held: readonly HeldMemory[] = []) =>
      hasRoomAgain(wanted, { held, offered: ofVram(offeredGib && offeredGib * gib), spare });
    expect(has(4)).toBe(false);
    expect(has(5)).toBe(true);
    expect(has(8, [held("a")])).toBe(false);
    expect(has(undefined, [held("a")])).toBe(true);
  });

  it("is content with what there was when it was loaded: more there will never be", () => {
    const wanted = { vramBytes: 4 * gib, ramBytes: 0 };
    const has = (offeredGib: number, spareGib: number) =>
      hasRoomAgain(wanted, {
        ...{ held: [], offered: ofVram(offeredGib * gib) },
        spare: { vramBytes: spareGib * gib, ramBytes: 0 },
      });
    expect(has(4.1, 0.1)).toBe(true);
    expect(has(3.9, 0.1)).toBe(false);
    expect(has(3, -1)).toBe(true);
    expect(has(2.8, -1)).toBe(false);
  });
});
