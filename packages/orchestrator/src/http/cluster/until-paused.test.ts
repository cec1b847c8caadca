import { ManualClock } from "@muster/base";
import { describe, expect, it } from "vitest";
import type { WorkerView } from "../../core/fleet/worker.ts";
import { untilPaused } from "./until-paused.ts";

type Told = Pick<WorkerView, "name" | "version" | "state" | "availability">;

const lends: Told = {
  name: "desk-1",
  version: "0.0.9",
  state: "ready",
  availability: { state: "lending", reason: "", policy: "always" },
};
const settled = () => new Promise((resolve) => setImmediate(resolve));

function wait() {
  const clock = new ManualClock();
  const now: { worker: Told | undefined } = { worker: lends };
  const fleet = { worker: () => now.worker as WorkerView | undefined };
  let outcome: unknown = "waits";
  void untilPaused({ fleet, clock }, "wrk-1").then(
    () => (outcome = "done"),
    (error: unknown) => (outcome = error),
  );
  const pass = async (ms: number) => {
    for (let passedMs = 0; passedMs < ms; passedMs += 50) {
      clock.advance(50);
      await settled();
    }
  };
  return { now, pass, outcome: () => outcome };
}

describe("untilPaused", () => {
  it("is over when the worker says that it is paused", async () => {
    const { now, pass, outcome } = wait();
    await pass(1_000);
    expect(outcome()).toBe("waits");
    now.worker = {
      ...lends,
      state: "away",
      availability: { state: "paused", reason: "Paused.", policy: "always" },
    };
    await pass(50);
    expect(outcome()).toBe("done");
  });

  it("fails when the worker goes away meanwhile", async () => {
    const { now, pass, outcome } = wait();
    now.worker = { ...lends, state: "lost" };
    await pass(50);
    expect(outcome()).toMatchObject({ code: "worker_lost", message: expect.stringContaining("desk-1") });
  });

  it("says that a worker which goes on as it is may be too old", async () => {
    const { pass, outcome } = wait();
    await pass(4_900);
    expect(outcome()).toBe("waits");
    await pass(200);
    expect(outcome()).toMatchObject({ code: "unsupported", message: expect.stringContaining("0.0.9") });
  });
});
