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
    });
    book.served("m", 1_000);
    book.served("m", 2_000);
    expect(book.list()).toEqual([
      {
        ...{ model: "m", interactiveWaiting: 5, interactiveRunning: 1, batchWaiting: 106, batchRunning: 1 },
        ...{ oldestWaitMs: 90, serviceMs: 1_100, lastAskedAtMs: clock.nowMs(), slotsElsewhere: 7 },
      },
    ]);
    expect(book.here().get("m")).toMatchObject({ interactiveWaiting: 2, batchWaiting: 101 });
  });
});
