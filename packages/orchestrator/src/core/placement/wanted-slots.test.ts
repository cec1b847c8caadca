import { describe, expect, it } from "vitest";
import { defaultPlacementPolicy, type ModelDemand } from "./fleet-state.ts";
import { wantedSlots } from "./wanted-slots.ts";

const policy = { ...defaultPlacementPolicy, interactiveDrainMs: 10_000, batchDrainMs: 600_000 };
const nobody: ModelDemand = {
  ...{ model: "m", interactiveWaiting: 0, interactiveRunning: 0, batchWaiting: 0, batchRunning: 0 },
  ...{ oldestWaitMs: 0, serviceMs: 5000, lastAskedAtMs: 0, slotsElsewhere: 0 },
};

describe("wantedSlots", () => {
  it("wants nothing where nobody asks", () => {
    expect(wantedSlots(nobody, policy)).toEqual({ interactive: 0, batch: 0 });
  });

  it("wants the slots in use, and what serves those who wait in time", () => {
    const asked = { ...nobody, interactiveRunning: 3, interactiveWaiting: 8 };
    expect(wantedSlots(asked, policy).interactive).toBe(3 + 4);
  });

  it("never wants more slots than there are requests", () => {
    const asked = { ...nobody, interactiveWaiting: 2, batchWaiting: 3, serviceMs: 3_600_000 };
    expect(wantedSlots(asked, policy)).toEqual({ interactive: 2, batch: 3 });
  });

  it("wants for batches what does all of their work in time, with a guess before anything was measured", () => {
    expect(wantedSlots({ ...nobody, batchWaiting: 1100, batchRunning: 100 }, policy).batch).toBe(10);
    const guessed = { ...nobody, batchWaiting: 1200, serviceMs: undefined };
    expect(wantedSlots(guessed, { ...policy, guessedServiceMs: 10_000 }).batch).toBe(20);
  });
});
