import { describe, expect, it } from "vitest";
import { firstPicture, keysIn, withKey } from "./picture.ts";

describe("keysIn", () => {
  it("tells letters, arrows and Ctrl-C apart, however many come at once", () => {
    expect(keysIn("jq\u001b[A\u001bOBk\u001b[6~\u001b[H\u0003?")).toEqual([
      ...["j", "q", "up", "down", "k", "page-down", "home", "interrupt", "?"],
    ]);
  });

  it("passes over what means nothing", () => {
    expect(keysIn("\u001b[200~s\u001b[1;5C\u001bx\u001b")).toEqual(["s"]);
    expect(keysIn("")).toEqual([]);
  });
});

describe("withKey", () => {
  it("chooses views and orders, and begins at the top again", () => {
    const scrolled = { ...firstPicture, skipped: 5 };
    expect(withKey(scrolled, "2", 10)).toMatchObject({ view: "workers", skipped: 0 });
    expect(withKey(scrolled, "s", 10)).toMatchObject({ order: "name", skipped: 0 });
    const round = ["s", "s", "s", "s", "s"].reduce((picture, key) => withKey(picture, key, 0), firstPicture);
    expect(round.order).toBe("use");
  });

  it("scrolls within the list", () => {
    const at = (skipped: number, key: string) => withKey({ ...firstPicture, skipped }, key, 12).skipped;
    expect([at(0, "k"), at(0, "j"), at(12, "down"), at(5, "up")]).toEqual([0, 1, 12, 4]);
    expect([at(0, " "), at(11, "page-down"), at(11, "page-up")]).toEqual([10, 12, 1]);
    expect([at(3, "G"), at(3, "g"), at(3, "end"), at(3, "home")]).toEqual([12, 0, 12, 0]);
  });

  it("pauses, and shows help that any key takes away", () => {
    expect(withKey(withKey(firstPicture, "p", 0), "p", 0)).toEqual(firstPicture);
    expect(withKey(firstPicture, "p", 0).isPaused).toBe(true);
    const help = withKey(firstPicture, "?", 0);
    expect(help.isHelp).toBe(true);
    expect(withKey(help, "3", 0)).toEqual(firstPicture);
    expect(withKey(firstPicture, "x", 0)).toBe(firstPicture);
  });
});
