import { ManualClock } from "@muster/base";
import { describe, expect, it } from "vitest";
import { DemandBook } from "./demand-book.ts";

describe("the demand book", () => {
  it("adds up what is asked here and elsewhere, and remembers when it was asked last", () => {
    const clock = new ManualClock();
    const asked = {
      waiting: { interactive: 2, batch: 1 },
      running: { interactive: 1, batch: 0 },
      oldestWaitMs: 40,
    };
    const requests = new Map([["m", asked]]);
    const elsewhere = {
      ...{ interactiveWaiting: 3, interactiveRunning: 0, batchWaiting: 5, batchRunning: 1, oldestWaitMs: 90 },
    };
    const book = new DemandBook({
      clock,
      requests: () => requests,
      lines: () => new Map([["m", 100]]),
      elsewhere: () => new Map([["m", elsewhere]]),
      slotsElsewhere: () => 7,
      comingElsewhere: () => 2,
    });
    book.served("m", 1_000);
    book.served("m", 2_000);
    expect(book.list()).toEqual([
      {
        ...{ model: "m", interactiveWaiting: 5, interactiveRunning: 1, batchWaiting: 106, batchRunning: 1 },
        ...{ oldestWaitMs: 90, serviceMs: 1_100, lastAskedAtMs: clock.nowMs(), slotsElsewhere: 7 },
        comingElsewhere: 2,
      },
    ]);
    expect(book.here().get("m")).toMatchObject({ interactiveWaiting: 2, batchWaiting: 101 });
  });

  it("counts how long lines of batches wait, as it does for people", () => {
    const clock = new ManualClock();
    const lines = new Map([["m", 100]]);
    const book = new DemandBook({
      clock,
      requests: () => new Map(),
      lines: () => lines,
      elsewhere: () => new Map(),
      slotsElsewhere: () => 0,
      comingElsewhere: () => 0,
    });
    const waitsMs = () => book.list()[0]?.oldestWaitMs;
    expect(waitsMs()).toBe(0);
    clock.advance(300_000);
    expect(waitsMs()).toBe(300_000);
    lines.clear();
    expect(waitsMs()).toBe(0);
    lines.set("m", 1);
    expect(waitsMs()).toBe(0);
  });
});
