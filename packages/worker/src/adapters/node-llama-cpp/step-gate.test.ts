import { deferred } from "@muster/base";
import { describe, expect, it } from "vitest";
import { StepGate } from "./step-gate.ts";

describe("step gate", () => {
  it("is open when no task runs", () => {
    expect(new StepGate().pass()).toBeUndefined();
  });

  it("holds the loops until the last of several tasks is done, one task at a time", async () => {
    const gate = new StepGate();
    const first = deferred<void>();
    const order: string[] = [];
    const one = gate.exclusively(async () => {
      await first.promise;
      order.push("one");
    });
    const two = gate.exclusively(async () => {
      order.push("two");
    });
    const loop = gate.pass()?.then(() => order.push("loop"));
    first.resolve();
    await Promise.all([one, two, loop]);
    expect(order).toEqual(["one", "two", "loop"]);
    expect(gate.isClosed).toBe(false);
  });

  it("opens again after a task that failed", async () => {
    const gate = new StepGate();
    await expect(gate.exclusively(() => Promise.reject(new Error("no")))).rejects.toThrow("no");
    expect(gate.pass()).toBeUndefined();
  });
});
