import { describe, expect, it } from "vitest";
import { logLinesFromWire } from "./read-log-lines.ts";

const wallMs = 1_800_000_000_000;
const line = {
  atMs: wallMs,
  level: "warn",
  words: "attempt failed",
  fieldsJson: '{"requestId":"req-1","n":2}',
};
const read = (change: Partial<typeof line>) =>
  logLinesFromWire({ lines: [{ ...line, ...change }], dropped: 0 }, wallMs).lines[0];

describe("lines that a worker has sent", () => {
  it("are read with their fields", () => {
    expect(read({})).toEqual({
      ...{ atMs: wallMs, level: "warn", words: "attempt failed" },
      fields: { requestId: "req-1", n: 2 },
    });
  });

  it("say nothing of where things lie on its disk, and move no cursor", () => {
    const fieldsJson = JSON.stringify({
      reason: "cannot open /home/ann/models/secret/a.gguf: no",
      windows: "at C:\\Users\\ann\\x.gguf",
      "k\u001b[2J": "\u001b[31mred\u202egnp",
    });
    const { fields = {}, words } = read({ words: "failed\r\nforged line\u0007", fieldsJson }) ?? {};
    expect(fields["reason"]).toBe("cannot open a.gguf: no");
    expect(fields["windows"]).toBe("at x.gguf");
    expect(JSON.stringify([fields, words])).not.toMatch(/\\u001b|\\u0007|\u202e|\\n|\\r/);
    expect(words).toBe("failed forged line");
  });

  it("are of limited size, whatever is in them", () => {
    const many = Object.fromEntries(Array.from({ length: 500 }, (_none, at) => [`k${at}`, "v"]));
    expect(Object.keys(read({ fieldsJson: JSON.stringify(many) })?.fields ?? {})).toHaveLength(32);
    expect(read({ fieldsJson: JSON.stringify({ a: "x".repeat(9_000) }) })?.fields).toEqual({
      unread: "the fields were too long",
    });
    expect(read({ words: "w".repeat(100_000) })?.words).toHaveLength(200);
    const all = Array.from({ length: 5_000 }, () => line);
    const { lines, dropped } = logLinesFromWire({ lines: all, dropped: 4_294_967_295 }, wallMs);
    expect([lines.length, dropped]).toEqual([100, 1_000_000 + 4_900]);
  });

  it.each(["", "{", "[1]", "null", '"x"', "1", `${"[".repeat(4_000)}`])(
    "have no fields where those are %j",
    (fieldsJson) => {
      expect(read({ fieldsJson })?.fields).toEqual({});
    },
  );

  it("keep what is deep to themselves, and touch no prototype", () => {
    const { fields = {} } = read({ fieldsJson: '{"__proto__":{"a":1},"deep":{"b":[1]},"ok":true}' }) ?? {};
    expect(fields).toEqual({ deep: "...", ok: true });
    expect(Object.getPrototypeOf(fields)).toBe(Object.prototype);
  });

  it("are left out where their level is none that is sent; a time that cannot be is the time of now", () => {
    expect(read({ level: "debug" })).toBeUndefined();
    expect(read({ level: "shout" })).toBeUndefined();
    expect(read({ atMs: wallMs - 5_000 })?.atMs).toBe(wallMs - 5_000);
    for (const atMs of [0, 8.64e15, wallMs * 2]) expect(read({ atMs })?.atMs).toBe(wallMs);
  });
});
