import { PassThrough } from "node:stream";
import { describe, expect, it } from "vitest";
import { displayWidth } from "../table.ts";
import { bar, sparkline } from "./bars.ts";
import { columnTable } from "./column-table.ts";
import { apart, cut, joined, padded, painted, text } from "./line.ts";
import { count, gib, rate, share, timeLeft, wait } from "./numbers.ts";
import { openScreen } from "./screen.ts";
import { shareRows } from "./share-rows.ts";

const plain = (line: Parameters<typeof painted>[0]) => painted(line, {});

describe("numbers", () => {
  it("are short, and a dash where nobody knows", () => {
    expect([0, 0.04, 0.44, 7.31, 99.96, 1_234, 12_345, 3_100_000, Number.NaN].map(rate)).toEqual([
      "0",
      "0",
      "0.4",
      "7.3",
      "100",
      "1,234",
      "12.3k",
      "3.1M",
      "-",
    ]);
    expect([9_999, 10_000, 999_949, 999_950].map(count)).toEqual(["9,999", "10k", "999.9k", "1M"]);
    expect([0, 0.614, 1, null, undefined].map(share)).toEqual(["0%", "61%", "100%", "-", "-"]);
    expect([0.314, 1.2, 12.4, 300, 7_200, null].map(wait)).toEqual(["0.31s", "1.2s", "12s", "5m", "2h", "-"]);
    expect([timeLeft(-5), timeLeft(7_380)]).toEqual(["0 ms", "2 h 3 min"]);
    expect([gib(8.13 * 2 ** 30), gib(240.4 * 2 ** 30)]).toEqual(["8.1", "240"]);
  });
});

describe("lines", () => {
  it("are cut with an ellipsis, at the edge of a wide letter too", () => {
    expect(plain(cut(["abc", "def"], 5))).toBe("abcd…");
    expect(plain(cut(["abc", "def"], 3))).toBe("ab…");
    expect(plain(cut(["草草草"], 4))).toBe("草…");
    expect(plain(cut(["abc"], 0))).toBe("");
    expect(displayWidth(plain(cut(["草草草"], 4)))).toBeLessThanOrEqual(4);
  });

  it("have as many pieces as there is room for", () => {
    expect(plain(joined([["one"], [], ["twotwo"], ["six"]], 10))).toBe("one   six");
    expect(plain(apart(["left"], ["right"], 12))).toBe("left   right");
    expect(plain(apart(["left"], ["right"], 10))).toBe("left");
    expect(padded("7", 3, true)).toEqual(["  ", "7"]);
  });

  it("hold nothing that moves the cursor", () => {
    expect(text("a\u001b[2Jb\r\nc\u202e")).toBe("a [2Jb c");
    expect(painted([text("x", "red")], { isColoured: true })).toBe("\u001b[31mx\u001b[0m");
  });
});

describe("bars", () => {
  it("show what is more than nothing, and no more than all", () => {
    const shares = (...parts: number[]) =>
      plain(
        bar(
          parts.map((each, at) => ({ share: each, mark: at === 0 ? "#" : "=" })),
          10,
        ),
      );
    expect(shares(0, 0)).toBe("··········");
    expect(shares(0.001, 0.001)).toBe("#=········");
    expect(shares(0.5, 0.3)).toBe("#####===··");
    expect(shares(0.9, 0.9)).toBe("#########=");
    expect(shares(7)).toBe("##########");
  });

  it("draw the past in equal spans, blank where nothing is known", () => {
    const rates = [1, 2, 3, 4].map((tokensPerSecond, at) => ({ at: 100 + at * 10, tokensPerSecond }));
    expect(sparkline(rates, { width: 4, at: 130, seconds: 40 })).toBe("▃▅▇█");
    expect(sparkline(rates, { width: 8, at: 130, seconds: 80 })).toBe("    ▃▅▇█");
    expect(
      sparkline(
        rates.map((each) => ({ ...each, tokensPerSecond: 0 })),
        { width: 4, at: 130, seconds: 40 },
      ),
    ).toBe("▁▁▁▁");
    // A gap is filled with what was there before, for a quarter of a minute.
    const [first] = rates;
    const apart = first === undefined ? [] : [first, { at: 190, tokensPerSecond: 2 }];
    expect(sparkline(apart, { width: 10, at: 190, seconds: 100 })).toBe("▅▅▅      █");
    expect(sparkline([], { width: 3, at: 0, seconds: 10 })).toBe("   ");
  });
});

describe("columnTable", () => {
  const columns = [
    { head: "NAME", width: 4, grows: true, rank: 0, cell: ({ name }: { name: string }) => name },
    {
      head: "SIZE",
      width: 5,
      isRight: true,
      rank: 1,
      cell: ({ name }: { name: string }) => String(name.length),
    },
    { head: "WHY", width: 6, rank: 2, cell: () => "since" },
  ];

  it("grows what has something to say, and leaves out what matters least", () => {
    const rows = [{ name: "a longer name" }];
    expect(columnTable(columns, rows, 80).map(plain)).toEqual([
      "NAME            SIZE  WHY",
      "a longer name     13  since",
    ]);
    expect(columnTable(columns, rows, 18).map(plain)).toEqual(["NAME          SIZE", "a longer n…     13"]);
    expect(columnTable(columns, rows, 3).map(plain)).toEqual(["NA…", "a …"]);
  });
});

describe("shareRows", () => {
  it("gives each its least, then what is fair, then the rest, the first rank first", () => {
    const parts = [
      { wanted: 10, least: 2, fair: 4, rank: 1 },
      { wanted: 100, least: 3, fair: 8, rank: 0 },
      { wanted: 1, least: 5, fair: 5, rank: 2 },
    ];
    expect(shareRows(parts, 4)).toEqual([1, 3, 0]);
    expect(shareRows(parts, 10)).toEqual([2, 7, 1]);
    expect(shareRows(parts, 20)).toEqual([4, 15, 1]);
    expect(shareRows(parts, 1_000)).toEqual([10, 100, 1]);
  });
});

describe("openScreen", () => {
  function open() {
    const out = new PassThrough({ highWaterMark: 1 << 20 });
    const writes: string[] = [];
    out.setEncoding("utf8").on("data", (chunk: string) => writes.push(chunk));
    return { out, writes, screen: openScreen(out) };
  }
  const settled = () => new Promise((resolve) => setImmediate(resolve));

  it("writes each picture at once, and only the lines that have changed", async () => {
    const { writes, screen } = open();
    screen.draw(["one", "two", "three"]);
    await settled();
    screen.draw(["one", "2", "three"]);
    await settled();
    screen.draw(["one", "2", "three"]);
    screen.draw(["one"]);
    await settled();
    expect(writes[0]).toContain("\u001b[?1049h");
    expect(writes.join("")).toContain("\u001b[3;1H\u001b[Kthree");
    expect(writes.at(-2)).toBe("\u001b[?2026h\u001b[2;1H\u001b[K2\u001b[?2026l");
    expect(writes.at(-1)).toBe("\u001b[?2026h\u001b[2;1H\u001b[K\u001b[3;1H\u001b[K\u001b[?2026l");
  });

  it("begins anew after a resize, and gives the terminal back once", async () => {
    const { writes, screen } = open();
    screen.draw(["one"]);
    screen.resized();
    screen.draw(["one"]);
    screen.close();
    screen.close();
    screen.draw(["late"]);
    await settled();
    const all = writes.join("");
    expect(all.match(/one/g)).toHaveLength(2);
    expect(all.endsWith("\u001b[?7h\u001b[?25h\u001b[?1049l")).toBe(true);
    expect(all.match(/1049l/g)).toHaveLength(1);
  });

  it("leaves out pictures that a slow terminal has no time for", async () => {
    const out = new PassThrough({ highWaterMark: 1 });
    const screen = openScreen(out);
    screen.draw(["one"]);
    screen.draw(["two"]);
    screen.draw(["three"]);
    let all = "";
    out.setEncoding("utf8").on("data", (chunk: string) => {
      all += chunk;
    });
    await settled();
    await settled();
    expect(all).toContain("one");
    expect(all).not.toContain("two");
    expect(all).toContain("three");
    screen.close();
  });
});
