import { expect, it } from "vitest";
import { changeDetails, changedBounds } from "./key-change.ts";

const now = {
  models: ["gemma-*"],
  limits: { requestsPerMinute: 5, tokensPerMonth: 100 },
  expiresAtMs: 1_000,
};

it("changes what is named, takes away what is null, and leaves the rest", () => {
  expect(changedBounds(now, {})).toEqual(now);
  expect(
    changedBounds(now, { limits: { requestsPerMinute: null, weight: 2, tokensPerMonth: undefined } }),
  ).toEqual({
    ...{ ...now, limits: { tokensPerMonth: 100, weight: 2 } },
  });
  expect(changedBounds(now, { models: null, expiresAtMs: null })).toEqual({
    ...{ limits: now.limits, models: undefined, expiresAtMs: undefined },
  });
  expect(changedBounds(now, { models: ["qwen-*"], expiresAtMs: 5 })).toMatchObject({
    ...{ models: ["qwen-*"], expiresAtMs: 5 },
  });
});

it("is told to the audit trail in a few words", () => {
  expect(changeDetails({})).toEqual({});
  expect(
    changeDetails({ models: null, limits: { concurrency: 3, storedBytes: null }, expiresAtMs: null }),
  ).toEqual({ models: "*", limits: "concurrency=3 storedBytes=none", expires: "never" });
  expect(changeDetails({ models: ["a", "b"], expiresAtMs: 0 })).toEqual({
    ...{ models: "a b", expires: "1970-01-01T00:00:00.000Z" },
  });
});
