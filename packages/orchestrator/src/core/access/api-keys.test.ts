import { createHash } from "node:crypto";
import { describe, expect, it } from "vitest";
import { matchesAny } from "./api-keys.ts";

const digest = (text: string) => createHash("sha256").update(text).digest();

describe("matchesAny", () => {
  it("knows the accepted keys and no other", () => {
    const keys = ["first-key-0123456789", "second-key-0123456789"];
    expect(matchesAny("first-key-0123456789", keys, digest)).toBe(true);
    expect(matchesAny("second-key-0123456789", keys, digest)).toBe(true);
    expect(matchesAny("second-key-012345678", keys, digest)).toBe(false);
    expect(matchesAny("", keys, digest)).toBe(false);
    expect(matchesAny("anything", [], digest)).toBe(false);
  });

  it("looks at every key, whichever matches", () => {
    const seen: string[] = [];
    matchesAny("a", ["a", "b", "c"], (text) => {
      seen.push(text);
      return digest(text);
    });
    expect(seen).toEqual(["a", "a", "b", "c"]);
  });
});
