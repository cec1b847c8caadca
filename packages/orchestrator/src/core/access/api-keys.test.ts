import { createHash } from "node:crypto";
import { describe, expect, it } from "vitest";
import { matchesAny, parseKeyEntry, readApiKeys, tenantOf } from "./api-keys.ts";

const digest = (text: string) => createHash("sha256").update(text).digest();
const whose = (presented: string, entries: readonly string[]) =>
  tenantOf(presented, readApiKeys(entries, digest), digest);

describe("an entry of the keys", () => {
  it.each([
    ["design:s3cret", "design", "s3cret"],
    ["a-1:b:c", "a-1", "b:c"],
    ["no-colon", undefined, "no-colon"],
    ["Upper:x", undefined, "Upper:x"],
    ["-x:y", undefined, "-x:y"],
    [":x", undefined, ":x"],
    [`${"a".repeat(33)}:x`, undefined, `${"a".repeat(33)}:x`],
  ])("%s has the name %s", (entry, name, secret) => {
    expect(parseKeyEntry(entry)).toEqual({ name, secret });
  });
});

describe("whose a key is", () => {
  it("is said by its name, which several may share", () => {
    const entries = ["design:first-0123456789", "design:second-0123456789", "lab:third-0123456789"];
    expect(whose("first-0123456789", entries)).toBe("design");
    expect(whose("second-0123456789", entries)).toBe("design");
    expect(whose("third-0123456789", entries)).toBe("lab");
  });

  it("is a tenant of its own where it has no name", () => {
    const key = "plain-key-0123456789";
    expect(whose(key, [key])).toBe(`key-${digest(key).toString("hex").slice(0, 12)}`);
  });

  it("is nobody for anything else, the entry itself and half a key too", () => {
    const entries = ["design:first-0123456789"];
    for (const wrong of ["design:first-0123456789", "first-012345678", "", "design"])
      expect(whose(wrong, entries)).toBeUndefined();
    expect(whose("anything", [])).toBeUndefined();
  });

  it("must be clear: one secret under two names is refused", () => {
    expect(() => readApiKeys(["a:same-secret", "b:same-secret"], digest)).toThrow(/"a" and "b"/);
    expect(readApiKeys(["a:same-secret", "a:same-secret"], digest)).toHaveLength(2);
  });
});

describe("matchesAny", () => {
  it("knows the accepted secrets and no other", () => {
    const secrets = ["first-key-0123456789", "second-key-0123456789"];
    expect(matchesAny("first-key-0123456789", secrets, digest)).toBe(true);
    expect(matchesAny("second-key-0123456789", secrets, digest)).toBe(true);
    expect(matchesAny("second-key-012345678", secrets, digest)).toBe(false);
    expect(matchesAny("", secrets, digest)).toBe(false);
    expect(matchesAny("anything", [], digest)).toBe(false);
  });

  it("looks at every secret, whichever matches", () => {
    const seen: string[] = [];
    matchesAny("a", ["a", "b", "c"], (text) => {
      seen.push(text);
      return digest(text);
    });
    expect(seen).toEqual(["a", "a", "b", "c"]);
  });
});
