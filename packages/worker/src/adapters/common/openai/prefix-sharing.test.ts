import { goldenCacheSalt } from "@muster/base";
import { expect, it } from "vitest";
import { createPrefixSharing } from "./prefix-sharing.ts";

it("lets one salt look for its beginnings, and nobody once there is a second", () => {
  const mayShare = createPrefixSharing();
  expect([mayShare("a"), mayShare("a")]).toEqual([true, true]);
  expect([mayShare("b"), mayShare("a"), mayShare("b")]).toEqual([false, false, false]);
});

it("counts golden prompts for nobody", () => {
  const mayShare = createPrefixSharing();
  expect([mayShare(goldenCacheSalt), mayShare("a"), mayShare(goldenCacheSalt), mayShare("a")]).toEqual([
    ...[false, true, false, true],
  ]);
});

it("takes requests without a salt for one more salt", () => {
  const mayShare = createPrefixSharing();
  expect([mayShare(undefined), mayShare(undefined), mayShare("a")]).toEqual([true, true, false]);
});
