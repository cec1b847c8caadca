import { expect, it } from "vitest";
import { schemaToGrammar } from "./grammar.ts";
import { patternMatcher } from "./match-pattern.ts";

it.each([
  "^[a-z]{0,1000}$",
  "^[^@]+@[^@]+\\.[a-z]{2,20}$",
  "the quick brown fox jumps over the lazy dog, and over all the other dogs",
  "^(\\d{1,3},)*\\d{1,3}$",
  "^([a-z]?){16}$",
  "(){0,1000000000}x",
])("a pattern that people write can be held: %s", (pattern) => {
  expect(() => schemaToGrammar({ type: "string", pattern })).not.toThrow();
});

it.each([
  "^(a?){1999}$",
  "^((a?b?){30}){30}$",
  "^(([a-z]{0,9}){0,9}){0,9}$",
  "[a-z]{0,60}[a-z]{60}",
  "[a-z]{60}|[0-9]{60}",
])("a pattern that leaves too much open is refused: %s", (pattern) => {
  expect(() => schemaToGrammar({ type: "string", pattern })).toThrow("in too many ways at once");
});

it("what may match anywhere is written alone where it could not be followed otherwise", () => {
  const alone = schemaToGrammar({ type: "string", pattern: "^[0-9a-f]{64}$" });
  expect(schemaToGrammar({ type: "string", pattern: "[0-9a-f]{64}" })).toEqual(alone);
  expect(schemaToGrammar({ type: "string", pattern: "[0-9a-f]{8}" })).not.toEqual(
    schemaToGrammar({ type: "string", pattern: "^[0-9a-f]{8}$" }),
  );
});

it("nothing that is repeated without end costs nothing to match", () => {
  expect(patternMatcher("^(){0,1000000000}x$")("x")).toBe(true);
  expect(patternMatcher("^((){0,1000000000}(){1000000000}){2000}$")("x")).toBe(false);
});
