import type { Capability } from "@muster/base";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { Wanted } from "./choose-replica.ts";
import { type CandidateInUse, chooseVictims, type TakenSlot } from "./choose-victims.ts";

const anything: Wanted = { avoid: new Set(), needs: new Set() };

function slot(takenAt: number, change: Partial<TakenSlot> = {}): TakenSlot {
  return { takenAt, isPreemptible: true, isAsked: false, ...change };
}

function replica(
  taken: readonly TakenSlot[],
  change: Partial<CandidateInUse<TakenSlot>> = {},
): CandidateInUse<TakenSlot> {
  return {
    workerId: "w1",
    replicaId: "r1",
    slots: taken.length,
    slotsUsed: taken.length,
    isAccepting: true,
    capabilities: new Set<Capability>(["chat"]),
    decodeTokensPerSecond: undefined,
    taken,
    ...change,
  };
}

describe("chooseVictims", () => {
  it("asks for the youngest slot, wherever it is, and never for one whose holder keeps it", () => {
    const first = replica([slot(1), slot(5), slot(9, { isPreemptible: false })]);
    const second = replica([slot(7)], { workerId: "w2" });
    expect(chooseVictims([first, second], [anything])).toEqual([slot(7)]);
    expect(chooseVictims([first, second], [anything, anything])).toEqual([slot(7), slot(5)]);
    expect(chooseVictims([replica([slot(9, { isPreemptible: false })])], [anything])).toEqual([]);
  });

  it("asks for nothing where a slot is on its way back already", () => {
    const asked = replica([slot(2, { isAsked: true }), slot(1)]);
    expect(chooseVictims([asked], [anything])).toEqual([]);
    expect(chooseVictims([asked], [anything, anything])).toEqual([slot(1)]);
  });

  it("asks only where the request could run: not without what it needs, nor where it failed while others serve", () => {
    const seeing = replica([slot(1)], { workerId: "w2", capabilities: new Set(["chat", "vision"]) });
    const blind = replica([slot(2)]);
    expect(chooseVictims([blind, seeing], [{ ...anything, needs: new Set(["vision"]) }])).toEqual([slot(1)]);
    expect(chooseVictims([blind], [{ ...anything, needs: new Set(["vision"]) }])).toEqual([]);
    expect(chooseVictims([blind, seeing], [{ ...anything, avoid: new Set(["w1"]) }])).toEqual([slot(1)]);
    expect(chooseVictims([blind], [{ ...anything, avoid: new Set(["w1"]) }])).toEqual([slot(2)]);
    expect(chooseVictims([replica([slot(1)], { isAccepting: false })], [anything])).toEqual([]);
  });

  it("never asks twice for one slot, nor for more than there are requests that wait", () => {
    const taken = fc.array(
      fc.record({ takenAt: fc.nat(), isPreemptible: fc.boolean(), isAsked: fc.boolean() }),
      { maxLength: 6 },
    );
    const replicas = fc.array(
      fc.record({
        taken,
        isAccepting: fc.boolean(),
        isSeeing: fc.boolean(),
        workerId: fc.constantFrom("a", "b"),
      }),
      { maxLength: 4 },
    );
    const waiting = fc.array(fc.record({ isSeeing: fc.boolean(), avoid: fc.subarray(["a", "b"]) }), {
      maxLength: 6,
    });
    fc.assert(
      fc.property(replicas, waiting, (of, wishes) => {
        const candidates = of.map(({ isSeeing, ...one }) =>
          replica(one.taken, { ...one, capabilities: new Set(isSeeing ? ["vision"] : []) }),
        );
        const wanted = wishes.map(({ isSeeing, avoid }): Wanted => {
          return { avoid: new Set(avoid), needs: new Set(isSeeing ? ["vision"] : []) };
        });
        const victims = chooseVictims(candidates, wanted);
        const usable = candidates.filter((one) => one.isAccepting).flatMap((one) => [...one.taken]);
        const outstanding = usable.filter((one) => one.isAsked).length;
        expect(new Set(victims).size).toBe(victims.length);
        for (const victim of victims) {
          expect(usable).toContain(victim);
          expect(victim).toMatchObject({ isPreemptible: true, isAsked: false });
        }
        if (victims.length > 0) expect(victims.length + outstanding).toBeLessThanOrEqual(wanted.length);
      }),
    );
  });
});
