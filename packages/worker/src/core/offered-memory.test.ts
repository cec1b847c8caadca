import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  offerNow,
  othersMemory,
  ownMemory,
  ramReserve,
  reserveBytes,
  type SettledOffer,
  settleOffer,
  vramReserve,
} from "./offered-memory.ts";

const gib = 1024 ** 3;
const mib = 1024 ** 2;
const bytes = fc.integer({ min: 0, max: 96 * gib });
const none = new Set<number>();

describe("the reserve", () => {
  it.each([
    ["a small GPU", vramReserve, 6 * gib, 512 * mib],
    ["a large GPU", vramReserve, 80 * gib, 4 * gib],
    ["a small machine", ramReserve, 8 * gib, 2 * gib],
    ["a large machine", ramReserve, 64 * gib, Math.round(9.6 * gib)],
  ])("of %s is a share of it, and not too little", (_, reserve, totalBytes, expected) => {
    expect(reserveBytes(reserve, { totalBytes, configuredBytes: undefined, isOwnerHere: false })).toBe(
      expected,
    );
  });

  it("is what the owner wants, and doubles while the owner is there", () => {
    const machine = { totalBytes: 24 * gib, configuredBytes: gib };
    expect(reserveBytes(vramReserve, { ...machine, isOwnerHere: false })).toBe(gib);
    expect(reserveBytes(vramReserve, { ...machine, isOwnerHere: true })).toBe(2 * gib);
  });
});

describe("whose memory it is", () => {
  const processes = [
    { pid: 7, bytes: 5 * gib },
    { pid: 8, bytes: gib },
    { pid: 9, bytes: 3 * gib },
  ];

  it("is told by the driver where it lists our processes", () => {
    const own = ownMemory({ processes, ownPids: new Set([7, 8]), reportedBytes: gib });
    expect(own).toEqual({ kind: "told", bytes: 6 * gib, othersBytes: 3 * gib });
    const gpu = { usedBytes: 9 * gib, own, isUnsure: true, beforeBytes: 0 };
    expect(othersMemory(gpu)).toBe(3 * gib);
  });

  it("is what our engines report where the driver does not list ours, or not their memory", () => {
    const reported = { kind: "reported", bytes: 4 * gib };
    const asked = { ownPids: new Set([55]), reportedBytes: 4 * gib };
    expect(ownMemory({ ...asked, processes })).toEqual(reported);
    expect(ownMemory({ ...asked, processes: undefined })).toEqual(reported);
    expect(ownMemory({ ...asked, processes: [{ pid: 55, bytes: undefined }] })).toEqual(reported);
  });

  it("is all others' while we run nothing", () => {
    const own = ownMemory({ processes, ownPids: none, reportedBytes: 0 });
    expect(own).toEqual({ kind: "told", bytes: 0, othersBytes: 9 * gib });
  });

  it("is ours, as far as it grows, while an engine of ours loads and nobody tells", () => {
    const own = { kind: "reported", bytes: 0 } as const;
    expect(othersMemory({ usedBytes: 9 * gib, own, isUnsure: true, beforeBytes: gib })).toBe(gib);
    expect(othersMemory({ usedBytes: 9 * gib, own, isUnsure: false, beforeBytes: gib })).toBe(9 * gib);
    expect(othersMemory({ usedBytes: undefined, own, isUnsure: false, beforeBytes: gib })).toBeUndefined();
  });

  it("is ours, as far as the driver lists it under nobody else, while an engine of ours comes or goes", () => {
    const own = { kind: "told", bytes: 2 * gib, othersBytes: 3 * gib } as const;
    const asked = { usedBytes: 9 * gib, own, beforeBytes: gib };
    expect(othersMemory({ ...asked, isUnsure: true })).toBe(3 * gib);
    expect(othersMemory({ ...asked, isUnsure: false })).toBe(7 * gib);
    expect(othersMemory({ ...asked, isUnsure: true, usedBytes: 3 * gib })).toBe(gib);
  });
});

describe("the offer", () => {
  it("is all but what others have and what is kept free", () => {
    const memory = { totalBytes: 24 * gib, freeBytes: 10 * gib, ownBytes: 8 * gib, reserveBytes: gib };
    expect(offerNow({ ...memory, othersBytes: 6 * gib, mostBytes: undefined })).toBe(17 * gib);
    expect(offerNow({ ...memory, othersBytes: undefined, mostBytes: undefined })).toBe(17 * gib);
    expect(offerNow({ ...memory, othersBytes: 6 * gib, mostBytes: 4 * gib })).toBe(4 * gib);
  });

  it("is never more than is free and ours, less the reserve, nor below nothing", () => {
    const memory = fc.record({
      totalBytes: bytes,
      freeBytes: bytes,
      ownBytes: bytes,
      othersBytes: fc.option(bytes, { nil: undefined }),
      reserveBytes: bytes,
      mostBytes: fc.option(bytes, { nil: undefined }),
    });
    fc.assert(
      fc.property(memory, (each) => {
        const offered = offerNow(each);
        expect(offered).toBeGreaterThanOrEqual(0);
        expect(offered).toBeLessThanOrEqual(Math.max(0, each.freeBytes + each.ownBytes - each.reserveBytes));
        expect(offered).toBeLessThanOrEqual(Math.max(0, each.totalBytes - (each.othersBytes ?? 0)));
        expect(offered).toBeLessThanOrEqual(each.mostBytes ?? offered);
      }),
    );
  });
});

describe("an offer over time", () => {
  /** Readings, each so many seconds after the one before. */
  function settle(readings: readonly (readonly [afterSeconds: number, bytes: number])[]) {
    let nowMs = 0;
    let offer: SettledOffer | undefined;
    return readings.map(([afterSeconds, now]) => {
      nowMs += afterSeconds * 1_000;
      offer = settleOffer(offer, now, nowMs);
      return offer.bytes;
    });
  }

  it("shrinks at once and grows after half a minute", () => {
    expect(
      settle([
        [0, 10],
        [2, 4],
        [2, 10],
        [28, 10],
        [2, 10],
      ]),
    ).toEqual([10, 4, 4, 4, 10]);
  });

  it("grows only to what was free all the time", () => {
    expect(
      settle([
        [0, 4],
        [2, 10],
        [10, 6],
        [20, 10],
        [29, 10],
        [1, 10],
      ]),
    ).toEqual([4, 4, 4, 6, 6, 10]);
  });

  it("waits anew after each time that somebody took memory", () => {
    expect(
      settle([
        [0, 4],
        [2, 10],
        [29, 3],
        [1, 10],
        [29, 10],
        [1, 10],
      ]),
    ).toEqual([4, 4, 3, 3, 3, 10]);
  });

  it("is never more than is there, whatever happens", () => {
    const steps = fc.array(fc.tuple(fc.integer({ min: 0, max: 60 }), fc.integer({ min: 0, max: 100 })), {
      minLength: 1,
    });
    fc.assert(
      fc.property(steps, (readings) => {
        const offers = settle(readings);
        for (const [at, [, now]] of readings.entries()) {
          expect(offers[at]).toBeLessThanOrEqual(now);
        }
      }),
    );
  });
});
