import { expect, it } from "vitest";
import { planBatch } from "./batch-plan.ts";

const limits = { batchTokens: 512, prefillTokensPerStep: 128 };
const item = (sequenceId: number, tokens: number) => ({ sequenceId, tokens });
const shares = (items: readonly { sequenceId: number; tokens: number }[], given = limits) =>
  planBatch(items, given).map((share) => [share.item.sequenceId, share.tokens]);

it("puts sequences in their order, whatever order they queued in", () => {
  expect(shares([item(3, 1), item(0, 1), item(2, 1), item(1, 1)])).toEqual([
    [0, 1],
    [1, 1],
    [2, 1],
    [3, 1],
  ]);
});

it("gives a prompt the whole batch when nothing decodes", () => {
  expect(shares([item(0, 4000)])).toEqual([[0, 512]]);
});

it("caps prompts while others decode", () => {
  expect(shares([item(1, 4000), item(0, 1), item(2, 100)])).toEqual([
    [0, 1],
    [1, 128],
  ]);
});

it("serves prompts in the order they came, as far as the batch goes", () => {
  expect(shares([item(2, 300), item(0, 300), item(1, 300)])).toEqual([
    [0, 212],
    [2, 300],
  ]);
});

it("never exceeds the batch, not even with more decoders than it holds", () => {
  const many = Array.from({ length: 6 }, (_, id) => item(id, 1));
  expect(shares([...many, item(6, 10)], { batchTokens: 4, prefillTokensPerStep: 2 })).toEqual([
    [0, 1],
    [1, 1],
    [2, 1],
    [3, 1],
  ]);
});
