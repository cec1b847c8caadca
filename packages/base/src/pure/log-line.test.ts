import { describe, expect, it } from "vitest";
import { LineRing } from "./line-ring.ts";
import { type Log, silentLog } from "./log.ts";
import { keptLine, sizeOfLine, teeLog } from "./log-line.ts";

describe("a log with a second listener", () => {
  it("tells both of each line, with the fields of its children, once formatted", () => {
    const [written, told]: [unknown[], unknown[]] = [[], []];
    const log: Log = {
      ...silentLog,
      warn: (fields, words) => void written.push([fields, words]),
      child: () => log,
    };
    const tee = teeLog(log, (...line) => told.push(line));
    tee.child({ worker: "desk" }).child({ a: 1 }).warn({ b: 2 }, "words");
    tee.debug({}, "quiet");
    expect(written).toEqual([[{ b: 2 }, "words"]]);
    expect(told).toEqual([
      ["warn", { worker: "desk", a: 1, b: 2 }, "words"],
      ["debug", {}, "quiet"],
    ]);
  });
});

describe("a line that is kept", () => {
  const of = (fields: Record<string, unknown>, words = "words") =>
    keptLine({ atMs: 1, level: "info", words, fields });

  it("has plain values of limited length, and so many of them", () => {
    const circular: { self?: unknown } = {};
    circular.self = circular;
    const { fields, words } = of(
      { long: "x".repeat(5_000), list: [1, 2], circular, gone: undefined, none: null, odd: Number.NaN },
      "w".repeat(500),
    );
    expect(fields).toEqual({ long: "x".repeat(1_000), list: "[1,2]", circular: "?", none: null, odd: "NaN" });
    expect(words).toHaveLength(200);
    const many = Object.fromEntries(Array.from({ length: 90 }, (_none, at) => [`field-${at}`, at]));
    expect(Object.keys(of(many).fields)).toHaveLength(32);
    expect(Object.keys(of(JSON.parse('{"__proto__": {"a": 1}}')).fields)).toEqual([]);
  });
});

describe("a ring of lines", () => {
  it("keeps the newest within its number and its size", () => {
    const ring = new LineRing<number>({ maxLines: 3, maxBytes: 100 });
    for (let line = 1; line <= 20; line++) ring.push(line, 10);
    expect(ring.lines()).toEqual([18, 19, 20]);
    expect(ring.push(21, 85)).toBe(2);
    expect(ring.lines()).toEqual([20, 21]);
    expect(ring.push(22, 1_000)).toBe(3);
    expect([ring.size, ring.bytes]).toEqual([0, 0]);
    expect(sizeOfLine(keptLine({ atMs: 1, level: "info", words: "ab", fields: { c: "de" } }))).toBe(110);
  });
});
