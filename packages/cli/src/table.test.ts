import { PassThrough } from "node:stream";
import { describe, expect, it } from "vitest";
import { displayWidth, renderTable, tableStyle } from "./table.ts";

describe("renderTable", () => {
  it("aligns words left and numbers right, without space at the end of lines", () => {
    expect(
      renderTable([
        ["worker", "slots", "speed", "note"],
        ["desk-1", "4", "7.3 tokens/s", "idle"],
        ["a", "1/16", "-", ""],
      ]),
    ).toBe(
      [
        "worker  slots         speed  note",
        "desk-1      4  7.3 tokens/s  idle",
        "a        1/16             -",
      ].join("\n"),
    );
  });

  it("counts wide letters and emoji as two cells, combining marks as none", () => {
    expect(["草草", "🦙", "e\u0301", "abc", "한글", "👩‍💻"].map(displayWidth)).toEqual([4, 2, 1, 3, 4, 2]);
    expect(
      renderTable([
        ["name", "x"],
        ["草草草", "y"],
      ]),
    ).toBe("name    x\n草草草  y");
  });

  it("cuts the widest cells where the terminal is narrow", () => {
    const rows = [
      ["worker", "hardware"],
      ["desk-1", "NVIDIA GeForce RTX 4070 Ti SUPER"],
    ];
    expect(renderTable(rows, { columns: 24 })).toBe("worker  hardware\ndesk-1  NVIDIA GeForce …");
    for (const line of renderTable(rows, { columns: 24 }).split("\n")) {
      expect(displayWidth(line)).toBeLessThanOrEqual(24);
    }
    expect(renderTable(rows, { columns: 3 })).toContain("desk-1");
  });

  it("colours only where it may, without moving the columns", () => {
    const rows = [
      ["state", "x"],
      [{ text: "ready", colour: "green" as const }, "1"],
    ];
    expect(renderTable(rows, { isColoured: true })).toBe(
      "\u001b[1mstate\u001b[0m  \u001b[1mx\u001b[0m\n\u001b[32mready\u001b[0m  1",
    );
    expect(renderTable(rows)).toBe("state  x\nready  1");
  });

  it("keeps a name from elsewhere from steering the terminal", () => {
    expect(renderTable([["name"], ["a\u001b[2Jb\nc"]])).toBe("name\na[2Jb c");
  });

  it("takes rows of different lengths, and none", () => {
    expect(renderTable([["a", "b"], ["c"]])).toBe("a  b\nc");
    expect(renderTable([])).toBe("");
  });
});

describe("tableStyle", () => {
  const stdout = Object.assign(new PassThrough(), { columns: 80 });

  it.each([
    [
      { env: {}, isTty: true },
      { columns: 80, isColoured: true },
    ],
    [
      { env: { NO_COLOR: "1" }, isTty: true },
      { columns: 80, isColoured: false },
    ],
    [
      { env: { NO_COLOR: "" }, isTty: true },
      { columns: 80, isColoured: true },
    ],
    [
      { env: { TERM: "dumb" }, isTty: true },
      { columns: 80, isColoured: false },
    ],
    [{ env: {}, isTty: false }, {}],
  ])("for %j is %j", (io, style) => {
    expect(tableStyle({ stdout, ...io })).toEqual(style);
  });
});
