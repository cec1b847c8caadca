import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  type BreakerEvent,
  type BreakerState,
  badnessOf,
  breakerAfter,
  breakerPhase,
  breakerProbing,
  closedBreaker,
  isProbeDue,
} from "./breaker.ts";

const failed: BreakerEvent = { kind: "failed", code: "engine_failed" };
const answered: BreakerEvent = { kind: "answered", isSlow: false };
const slow: BreakerEvent = { kind: "answered", isSlow: true };

function after(
  state: BreakerState,
  events: readonly BreakerEvent[],
  at: { readonly nowMs?: number; readonly isProbe?: boolean } = {},
): BreakerState {
  const { nowMs = 0, isProbe = false } = at;
  return events.reduce((now, event) => breakerAfter(now, { ...event, isProbe }, { nowMs, random: 1 }), state);
}

const times = (count: number, event: BreakerEvent) => Array<BreakerEvent>(count).fill(event);
const opened = after(closedBreaker, times(5, failed));

describe("a breaker", () => {
  it("opens after five failures within a minute, unless as many again were answered", () => {
    expect(breakerPhase(after(closedBreaker, times(4, failed)), 0)).toBe("closed");
    expect(breakerPhase(opened, 0)).toBe("open");
    expect(opened.reason).toContain("engine_failed");
    expect(after(closedBreaker, [...times(6, answered), ...times(5, failed)]).isOpen).toBe(false);
    const long = after(closedBreaker, times(4, failed));
    expect(after(long, [failed], { nowMs: 60_001 }).isOpen).toBe(false);
  });

  it("takes the end of everything that one crash took down for one failure", () => {
    const crashed: BreakerEvent = { kind: "failed", code: "engine_crashed" };
    expect(after(closedBreaker, times(16, crashed)).isOpen).toBe(false);
    let state = closedBreaker;
    for (let crash = 0; crash < 5; crash++) state = after(state, times(3, crashed), { nowMs: crash * 2_000 });
    expect(state.isOpen).toBe(true);
  });

  it("does not count what says nothing of the replica", () => {
    expect(after(closedBreaker, times(50, { kind: "neither" }))).toEqual(closedBreaker);
  });

  it("opens where answers have become far slower", () => {
    expect(breakerPhase(after(closedBreaker, [slow]), 0)).toBe("open");
  });

  it("lets one probe through when its time has come, and closes when that is answered", () => {
    expect(isProbeDue(opened, 9_999)).toBe(false);
    expect(badnessOf(opened, 9_999)).toBe(1);
    expect(isProbeDue(opened, 10_000)).toBe(true);
    expect(badnessOf(opened, 10_000)).toBe(0);
    expect(breakerPhase(opened, 10_000)).toBe("half_open");
    const probing = breakerProbing(opened);
    expect(isProbeDue(probing, 10_000)).toBe(false);
    expect(badnessOf(probing, 10_000)).toBe(1);
    expect(after(probing, [answered], { isProbe: true })).toEqual(closedBreaker);
  });

  it("lets another probe through where one has shown nothing", () => {
    const released = after(breakerProbing(opened), [{ kind: "neither" }], { isProbe: true });
    expect(isProbeDue(released, 10_000)).toBe(true);
  });

  it("waits twice as long after each probe that fails or is slow, up to five minutes", () => {
    let state = opened;
    const waits: number[] = [];
    for (let probe = 0; probe < 8; probe++) {
      const nowMs = state.untilMs;
      state = after(breakerProbing(state), [probe % 2 === 0 ? failed : slow], { nowMs, isProbe: true });
      waits.push(state.untilMs - nowMs);
    }
    expect(waits).toEqual([20_000, 40_000, 80_000, 160_000, 300_000, 300_000, 300_000, 300_000]);
  });

  it("takes no notice, while it is open, of answers that were begun before", () => {
    expect(after(opened, [answered, slow], { nowMs: 1 })).toEqual(opened);
  });

  it("is probed again in the end, whatever has happened, and never by two at once", () => {
    const events = fc.array(
      fc.record({
        event: fc.constantFrom(failed, answered, slow),
        waitMs: fc.nat(400_000),
        ends: fc.boolean(),
      }),
      { maxLength: 60 },
    );
    fc.assert(
      fc.property(events, fc.double({ min: 0, max: 0.999, noNaN: true }), (steps, random) => {
        let state = closedBreaker;
        let nowMs = 0;
        let probes = 0;
        for (const { event, waitMs, ends } of steps) {
          nowMs += waitMs;
          if (isProbeDue(state, nowMs)) {
            expect(probes).toBe(0);
            state = breakerProbing(state);
            probes = 1;
          }
          const isProbe = probes === 1 && ends;
          if (isProbe) probes = 0;
          state = breakerAfter(state, { ...event, isProbe }, { nowMs, random });
          expect(state.untilMs - nowMs).toBeLessThanOrEqual(300_000);
          expect(state.recent.length).toBeLessThanOrEqual(20);
        }
        if (state.isOpen && probes === 0) expect(isProbeDue(state, nowMs + 300_000)).toBe(true);
      }),
    );
  });
});
