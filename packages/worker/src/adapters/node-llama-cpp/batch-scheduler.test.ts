import type { BatchItem, Token } from "node-llama-cpp";
import { describe, expect, it } from "vitest";
import { createBatchScheduler, fillBatch } from "./batch-scheduler.ts";

function item(tokens: number): BatchItem {
  return {
    tokens: Array.from({ length: tokens }, (_, i) => i as Token),
    logits: [],
    evaluationPriority: 3,
  };
}

const amounts = (batch: readonly { processAmount: number }[]) => batch.map((each) => each.processAmount);

describe("batch scheduler", () => {
  it("puts decode tokens first and caps the prompt", () => {
    expect(amounts(fillBatch([item(3000), item(1), item(1)], 512, 128))).toEqual([1, 1, 128]);
  });

  it("gives a prompt the whole batch when nobody decodes", () => {
    expect(amounts(fillBatch([item(3000), item(40)], 512, 128))).toEqual([512]);
    expect(amounts(fillBatch([item(300), item(400)], 512, 128))).toEqual([300, 212]);
  });

  it("never asks for more than the batch holds", () => {
    const batch = fillBatch([item(9), ...Array.from({ length: 20 }, () => item(1))], 16, 128);
    expect(amounts(batch).reduce((sum, n) => sum + n, 0)).toBe(16);
  });

  it("waits for all live sequences, but not for ever", () => {
    const { enter, strategy } = createBatchScheduler({ prefillTokensPerStep: 128, isPaused: () => false });
    enter();
    enter();
    const one = [item(1)];
    expect(strategy({ items: one, size: 512 })).toEqual([]);
    expect(amounts(strategy({ items: [item(1), item(1)], size: 512 }))).toEqual([1, 1]);
    let spins = 0;
    while (strategy({ items: one, size: 512 }).length === 0) spins += 1;
    expect(spins).toBe(16);
  });

  it("does not wait for sequences that left or that are paused", () => {
    let isPaused = false;
    const { enter, strategy } = createBatchScheduler({ prefillTokensPerStep: 128, isPaused: () => isPaused });
    enter();
    const leave = enter();
    isPaused = true;
    expect(amounts(strategy({ items: [item(1)], size: 512 }))).toEqual([1]);
    isPaused = false;
    leave();
    leave();
    expect(amounts(strategy({ items: [item(1)], size: 512 }))).toEqual([1]);
  });
});
