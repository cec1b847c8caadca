import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { createGemmaArgumentsReader, parseGemmaArguments } from "./gemma-arguments.ts";

const quoted = (text: string) => `<|"|>${text}<|"|>`;

function written(value: unknown): string {
  if (typeof value === "string") return quoted(value);
  if (Array.isArray(value)) return `[${value.map(written).join(",")}]`;
  if (typeof value !== "object" || value === null) return JSON.stringify(value);
  const members = Object.entries(value).map(
    ([key, member]) => `${/^\w+$/.test(key) ? key : quoted(key)}:${written(member)}`,
  );
  return `{${members.join(",")}}`;
}

const text = fc
  .oneof(
    fc.string(),
    fc.array(fc.constantFrom("<", "|", '"', ">", "{", ",", "😀", "\n", "\\")).map((all) => all.join("")),
  )
  .filter((made) => !`${made}<|"|>`.slice(0, -1).includes('<|"|>'));
const value = fc.letrec((tie) => ({
  value: fc.oneof(
    { maxDepth: 3 },
    text,
    fc.integer(),
    fc.double({ noNaN: true, noDefaultInfinity: true }).map((made) => (made === 0 ? 0 : made)),
    fc.boolean(),
    fc.constant(null),
    fc.array(tie("value"), { maxLength: 3 }),
    fc.dictionary(text, tie("value"), { maxKeys: 3 }),
  ),
})).value;

describe("Gemma's arguments", () => {
  it("become JSON", () => {
    const given =
      '{city:<|"|>Os"lo\n<|"|>,days:3,near:[<|"|>a<|"|>,-1.5e2],ok:true,none:null,empty:{},<|"|>a b<|"|>:[]}';
    expect(JSON.parse(parseGemmaArguments(given))).toEqual({
      city: 'Os"lo\n',
      days: 3,
      near: ["a", -150],
      ok: true,
      none: null,
      empty: {},
      "a b": [],
    });
  });

  it("become the same JSON however they were cut", () => {
    fc.assert(
      fc.property(fc.dictionary(text, value, { maxKeys: 3 }), fc.array(fc.nat(200)), (given, places) => {
        const whole = written(given);
        const at = [...new Set(places.map((place) => place % (whole.length + 1)))].sort((a, b) => a - b);
        const reader = createGemmaArgumentsReader();
        const json = [...at, whole.length]
          .map((end, i) => reader.push(whole.slice(at[i - 1] ?? 0, end)))
          .join("");
        expect(reader.isComplete).toBe(true);
        expect(JSON.parse(json)).toEqual(JSON.parse(JSON.stringify(given)));
      }),
      { numRuns: 200 },
    );
  });

  it("give a string on while it is being written", () => {
    const reader = createGemmaArgumentsReader();
    expect(reader.push('{text:<|"|>once upon')).toBe('{"text":"once upon');
    expect(reader.push(' a <|"')).toBe(" a ");
    expect(reader.push("x")).toBe('<|\\"x');
    expect(reader.isComplete).toBe(false);
  });

  it.each([
    "[1]",
    "x",
    "{a}",
    "{a:}",
    "{a:b}",
    "{a:1,}",
    "{a:01}",
    "{,}",
    "{a:[1,]}",
    "{a:1]",
    "{}x,",
    "{a::1}",
    "{:1}",
    '{a:<|"|>x<|"|>y:1}',
  ])("are refused where they are not: %s", (given) => {
    expect(() => parseGemmaArguments(given)).toThrow(expect.objectContaining({ code: "engine_failed" }));
  });

  it.each(["", "{", "{a:1", '{a:<|"|>x'])("are refused where they end too early: %s", (given) => {
    expect(() => parseGemmaArguments(given)).toThrow("too early");
  });
});
