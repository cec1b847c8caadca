import { describe, expect, it } from "vitest";
import { printableName, printableText } from "./printable.ts";

describe("printableName", () => {
  it.each([
    ["desk\u001b[31m 7\u0007", "desk [31m 7"],
    ["two\r\nlines\u2028three\u2029four", "two lines three four"],
    ["pay\u202egnp.exe", "paygnp.exe"],
    ["a\u2066b\u2069c\u200e\u200f\u061cd", "abcd"],
    ["desk\u200b\u200c\u200d\u2060\ufeff-7", "desk-7"],
    ["de\u00adsk", "desk"],
    ["a\u{e0041}\u{e0042}b", "ab"],
    ["a\u3164b\u115fc", "abc"],
    ["half\ud800 and\udc00", "half and"],
    ["\ue000private", "private"],
    ["  grün 草 🦙 עברית  ", "grün 草 🦙 עברית"],
    ["\u202e", ""],
  ])("makes %j %j", (text, shown) => {
    expect(printableName(text, 100)).toBe(shown);
  });

  it("is cut between characters, never inside one", () => {
    expect(printableName("🦙🦙🦙", 2)).toBe("🦙🦙");
    expect(printableName(`${"\u200b".repeat(10)}abc`, 3)).toBe("ab");
    expect(printableName("x".repeat(10_000_000), 5)).toBe("xxxxx");
  });
});

describe("printableText", () => {
  it("takes out what would steer a terminal and keeps letters of every script", () => {
    expect(printableText("a\u001b[31mred\u0007\u009b2J\r\tgrün 草 🦙\n")).toBe("a[31mred2J\tgrün 草 🦙\n");
  });

  it("takes out what turns text around or hides in it", () => {
    expect(printableText("rm \u202e-rf\u202c \u2066x\u2069\u200b\ufeff\u2028\u{e0061}\ud800.")).toBe(
      "rm -rf x.",
    );
  });

  it("keeps what emoji, Persian and Arabic are written with", () => {
    for (const text of ["👩‍💻", "❤️", "می‌خواهم", "क्‍ष", "\u0600١٢"]) expect(printableText(text)).toBe(text);
  });
});
