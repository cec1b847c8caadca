import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  decideLending,
  type LendingRule,
  noPolicyMemory,
  type PolicyMemory,
  type PolicyReadings,
  type Reading,
} from "./idle-policy.ts";
import { parseSchedule } from "./schedule.ts";

const minuteMs = 60_000;
const awayAfterMs = 10 * minuteMs;
const ownerAway: LendingRule = { policy: "owner-away", awayAfterMs };
const known = <T>(value: T): Reading<T> => ({ kind: "known", value });
const unknown = (why: string): Reading<never> => ({ kind: "unknown", why });

interface Seen {
  readonly idleMs?: Reading<number>;
  readonly isFullScreen?: Reading<boolean>;
  readonly isOnAcPower?: Reading<boolean>;
  readonly isUsedByOthers?: boolean | "unknown";
  readonly isMemoryNeeded?: boolean;
  readonly pause?: PolicyReadings["pause"];
  readonly administratorPause?: PolicyReadings["pause"];
}

/** A machine that nobody is at, but for what is said. */
function readings(seen: Seen = {}): PolicyReadings {
  return {
    owner: {
      idleMs: seen.idleMs ?? known(60 * minuteMs),
      isFullScreen: seen.isFullScreen ?? known(false),
      isOnAcPower: seen.isOnAcPower ?? known(true),
    },
    gpu: { isUsedByOthers: seen.isUsedByOthers ?? false },
    at: { weekday: 1, minuteOfDay: 12 * 60 },
    isMemoryNeeded: seen.isMemoryNeeded ?? false,
    pause: seen.pause,
    administratorPause: seen.administratorPause,
  };
}

/** A machine that is looked at again and again. */
function watcher(rule: LendingRule = ownerAway, nowMs = 0, memory: PolicyMemory = noPolicyMemory) {
  const now = { ms: nowMs, memory };
  return {
    look(seen: Seen = {}, afterMs = 1_000) {
      now.ms += afterMs;
      const decision = decideLending({ rule, readings: readings(seen), nowMs: now.ms, before: now.memory });
      now.memory = decision.memory;
      return decision;
    },
    memory: () => now.memory,
  };
}

describe("decideLending", () => {
  it("lends always where that is the policy, but for a pause and memory that others need", () => {
    const desk = watcher({ policy: "always" });
    expect(desk.look({ idleMs: known(0), isFullScreen: unknown("?") }).state).toBe("lending");
    expect(desk.look({ pause: { until: "12:30" } })).toMatchObject({
      state: "paused",
      reason: expect.stringContaining("12:30"),
    });
    expect(desk.look({ isMemoryNeeded: true }).state).toBe("memory_needed");
  });

  it("lends in its hours, whoever is there", () => {
    const schedule = parseSchedule("tue 19:00-07:00", "--schedule");
    const desk = watcher({ policy: "schedule", schedule });
    expect(desk.look({ idleMs: known(0) })).toMatchObject({
      state: "off_schedule",
      reason: expect.stringContaining("tuesday 19:00"),
    });
    const inHours = { weekday: 2, minuteOfDay: 20 * 60 };
    const facts = { readings: { ...readings(), at: inHours }, nowMs: 0, before: noPolicyMemory };
    expect(decideLending({ rule: { policy: "schedule", schedule }, ...facts }).state).toBe("lending");
  });

  it("lends once nobody has been there for long enough, and ends with the first input", () => {
    const desk = watcher();
    expect(desk.look({ idleMs: known(awayAfterMs - 1) })).toMatchObject({
      state: "owner_here",
      reason: expect.stringContaining("10 minutes"),
    });
    expect(desk.look({ idleMs: known(awayAfterMs) }).state).toBe("lending");
    expect(desk.look({ idleMs: known(0) }).state).toBe("owner_here");
    expect(desk.look({ idleMs: known(awayAfterMs - 1) }, awayAfterMs).state).toBe("owner_here");
    expect(desk.look({ idleMs: known(awayAfterMs) }).state).toBe("lending");
  });

  it("names what stands in the way", () => {
    expect(watcher().look({ isFullScreen: known(true) }).state).toBe("owner_here");
    expect(watcher().look({ isUsedByOthers: true }).state).toBe("gpu_busy");
    expect(watcher().look({ isOnAcPower: known(false) }).state).toBe("on_battery");
  });

  it("takes what is unknown for an owner who is there, and says what to do", () => {
    for (const probe of ["idleMs", "isFullScreen", "isOnAcPower"]) {
      expect(watcher().look({ [probe]: unknown("Install it.") })).toMatchObject({
        state: "unknown",
        reason: expect.stringContaining("Install it."),
      });
    }
    expect(watcher().look({ isUsedByOthers: "unknown" })).toMatchObject({
      state: "unknown",
      reason: expect.stringContaining("nvidia-smi"),
    });
  });

  it("puts up with one look that fails while it lends, and not with more", () => {
    const desk = watcher();
    desk.look();
    expect(desk.look({ idleMs: unknown("late") }).state).toBe("lending");
    expect(desk.look().state).toBe("lending");
    expect(desk.look({ idleMs: unknown("late") }).state).toBe("lending");
    expect(desk.look({ idleMs: unknown("late") }, 2_000).state).toBe("unknown");
  });

  it("waits for calm after what has come and gone, longer each time", () => {
    const desk = watcher();
    desk.look();
    const calm: number[] = [];
    for (let round = 0; round < 4; round++) {
      expect(desk.look({ isUsedByOthers: true }).state).toBe("gpu_busy");
      let seconds = 1;
      while (desk.look().state !== "lending") seconds += 1;
      calm.push(seconds);
    }
    expect(calm).toEqual([15, 30, 60, 120]);
  });

  it("waits longer for an owner who comes back again and again", () => {
    const desk = watcher();
    const needed: number[] = [];
    for (let round = 0; round < 7; round++) {
      let idleMs = 0;
      while (desk.look({ idleMs: known(idleMs) }, 0).state !== "lending") idleMs += minuteMs;
      needed.push(idleMs / minuteMs);
      desk.look({ idleMs: known(0) });
    }
    expect(needed).toEqual([10, 10, 10, 20, 20, 20, 40]);
    expect(desk.look({ idleMs: known(awayAfterMs) }, 60 * minuteMs).state).toBe("lending");
  });

  const anyReading = <T>(value: fc.Arbitrary<T>): fc.Arbitrary<Reading<T>> =>
    fc.oneof(
      value.map((each) => known(each)),
      fc.constant<Reading<T>>(unknown("why")),
    );
  const anySeen = fc.record({
    idleMs: anyReading(fc.integer({ min: 0, max: 3 * awayAfterMs })),
    isFullScreen: anyReading(fc.boolean()),
    isOnAcPower: anyReading(fc.boolean()),
    isUsedByOthers: fc.constantFrom<boolean | "unknown">(true, false, "unknown"),
    isMemoryNeeded: fc.boolean(),
    pause: fc.constantFrom(undefined, { until: undefined }),
    administratorPause: fc.constantFrom(undefined, { until: "12:30" }),
  });

  it("never begins to lend unless everything is known and good, and never goes on against what is known", () => {
    fc.assert(
      fc.property(fc.array(fc.tuple(anySeen, fc.nat(120_000)), { maxLength: 40 }), (looks) => {
        const desk = watcher();
        for (const [seen, afterMs] of looks) {
          const wasLending = desk.memory().isLending;
          const { state, reason } = desk.look(seen, afterMs);
          if (state !== "lending") {
            expect(reason).not.toBe("");
            continue;
          }
          const { idleMs, isFullScreen, isOnAcPower, isUsedByOthers, isMemoryNeeded } = seen;
          expect([isMemoryNeeded, seen.pause, seen.administratorPause]).toEqual([
            false,
            undefined,
            undefined,
          ]);
          if (idleMs.kind === "known") expect(idleMs.value).toBeGreaterThanOrEqual(awayAfterMs);
          expect(isFullScreen).not.toEqual(known(true));
          expect(isOnAcPower).not.toEqual(known(false));
          expect(isUsedByOthers).not.toBe(true);
          if (wasLending) continue;
          const kinds = [idleMs.kind, isFullScreen.kind, isOnAcPower.kind, isUsedByOthers];
          expect(kinds).toEqual(["known", "known", "known", false]);
        }
      }),
    );
  });

  it("remembers a bounded past, and lends again whatever has been before", () => {
    fc.assert(
      fc.property(fc.array(fc.tuple(anySeen, fc.nat(120_000)), { maxLength: 60 }), (looks) => {
        const desk = watcher();
        for (const [seen, afterMs] of looks) desk.look(seen, afterMs);
        expect(desk.memory().brokenOffAtMs.length).toBeLessThanOrEqual(16);
        expect(desk.look({ idleMs: known(4 * awayAfterMs) }, 16 * minuteMs).state).toBe("lending");
      }),
    );
  });
});
