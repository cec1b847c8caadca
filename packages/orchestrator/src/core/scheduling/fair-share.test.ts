import { expect, it } from "vitest";
import { weightOfTenant } from "./fair-share.ts";

it("takes a tenant's weight from the configuration, else the largest of its keys, else 1", () => {
  expect(weightOfTenant(undefined, [])).toBe(1);
  expect(weightOfTenant(undefined, [undefined])).toBe(1);
  expect(weightOfTenant(undefined, [0.5, undefined])).toBe(0.5);
  expect(weightOfTenant(undefined, [2, 3, 0.5])).toBe(3);
  expect(weightOfTenant(0.25, [3])).toBe(0.25);
});
