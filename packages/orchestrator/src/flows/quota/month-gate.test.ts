import { ManualClock } from "@muster/base";
import { expect, it } from "vitest";
import { createMemoryQuota } from "../../adapters/memory/quota.ts";
import type { Limits } from "../../core/access/principal.ts";
import { MonthGate } from "./month-gate.ts";

function start(used: number, limitsOf: (keyId: string) => Limits | undefined = () => undefined) {
  const clock = new ManualClock();
  const quota = createMemoryQuota({ clock });
  const gate = new MonthGate({ quota, clock, limitsOf, monthUsed: async () => used });
  const waits = (tokensPerMonth: number | undefined) =>
    gate.waitsFor({ keyId: "k", keyName: "nightly", limits: { tokensPerMonth } });
  return { clock, quota, gate, waits };
}

it("holds lines back once the month is used up, and says until when", async () => {
  const { waits, quota, clock } = start(90);
  expect(await waits(100)).toBeUndefined();
  await quota.count("k", 10);
  // What was seen lately counts for a moment.
  expect(await waits(100)).toBeUndefined();
  clock.advance(2_000);
  expect(await waits(100)).toBe(
    'tokens: the key "nightly" has used 100 of its 100 for this month, and gets new ones on 1970-02-01 (UTC), or when an administrator raises its limit',
  );
  expect(await waits(101)).toBeUndefined();
  expect(await waits(undefined)).toBeUndefined();
});

it("lets them go on when the month turns", async () => {
  const { waits, clock, quota } = start(0);
  await quota.fillMonth("k", "1970-01", 100);
  expect(await waits(100)).toContain("tokens");
  clock.advance(31 * 86_400_000);
  expect(await waits(100)).toBeUndefined();
});

it("goes by what the key may take now, where that is known: they go on once it is more", async () => {
  let limits: Limits | undefined = { tokensPerMonth: 50 };
  const { waits } = start(60, () => limits);
  expect(await waits(100)).toContain("60 of its 50");
  limits = { tokensPerMonth: 61 };
  expect(await waits(50)).toBeUndefined();
  limits = {};
  expect(await waits(10)).toBeUndefined();
  // Of a key that is not known any more.
  limits = undefined;
  expect(await waits(10)).toContain("60 of its 10");
});

it("counts what lines take once there is a limit, though there was none when their batch was created", async () => {
  let limits: Limits | undefined = {};
  const { gate, quota, clock } = start(60, () => limits);
  const payer = { keyId: "k", keyName: "nightly", limits: {} };
  await gate.took(payer, 1_000);
  limits = { tokensPerMonth: 100 };
  expect(await gate.waitsFor(payer)).toBeUndefined();
  await gate.took(payer, 40);
  clock.advance(2_000);
  expect(await gate.waitsFor(payer)).toContain("has used 100 of its 100");
  // A limit that comes back finds the month as it is.
  limits = {};
  await gate.took({ ...payer, limits: { tokensPerMonth: 1 } }, 5);
  expect((await quota.month("k")).used).toBe(105);
  await gate.took(undefined, 5);
});

it("knows nothing of batches that no key is known of", async () => {
  expect(await start(0).gate.waitsFor(undefined)).toBeUndefined();
});
