import { expect, test } from "vitest";
import { hashOf, parseHash } from "./route.ts";

test("a route survives being written as a hash", () => {
  const hash = hashOf("workers", ["desk 1/a", "#2"], { sort: "load", q: "a b" });
  const route = parseHash(hash);
  expect(route.view).toBe("workers");
  expect(route.rest).toEqual(["desk 1/a", "#2"]);
  expect(route.query.get("q")).toBe("a b");
});

test("no hash and a broken one are routes too", () => {
  expect(parseHash("").view).toBe("");
  expect(parseHash("#/workers/%E0%A4%A").rest).toEqual(["%E0%A4%A"]);
});
