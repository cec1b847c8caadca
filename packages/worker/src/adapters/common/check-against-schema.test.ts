import type { JsonSchema } from "@muster/base";
import { describe, expect, it } from "vitest";
import { checkAgainstSchema } from "./check-against-schema.ts";

const trip = {
  $schema: "http://json-schema.org/draft-07/schema#",
  $id: "https://example.org/trip",
  type: "object",
  properties: {
    city: { type: "string", pattern: "^[A-Z]" },
    days: { type: "integer", maximum: 14 },
    mode: { enum: ["rail", "foot"] },
    from: { type: "string", format: "date" },
    next: { $ref: "#" },
  },
  required: ["city"],
  additionalProperties: false,
};

describe("the check of an answer", () => {
  it("finds nothing wrong with what is valid", () => {
    const text = '{"city":"Oslo","days":3,"mode":"rail","from":"2024-02-29","next":{"city":"Rome"}}';
    expect(checkAgainstSchema(trip, text)).toBeUndefined();
    expect(checkAgainstSchema(true, "1")).toBeUndefined();
  });

  it.each([
    ['{"city":"Oslo"', "it is not JSON"],
    ["{}", "it must have required property 'city'"],
    ['{"city":"oslo"}', '/city must match pattern "^[A-Z]"'],
    ['{"city":"Oslo","days":15}', "/days must be <= 14"],
    ['{"city":"Oslo","mode":"car"}', '/mode must be equal to one of the allowed values: ["rail","foot"]'],
    ['{"city":"Oslo","from":"2023-02-29"}', '/from must match format "date"'],
    ['{"city":"Oslo","next":{"city":1}}', "/next/city must be string"],
    ['{"city":"Oslo","x":1}', "it must NOT have additional properties"],
  ])("says what is wrong with %s", (text, problem) => {
    expect(checkAgainstSchema(trip, text)).toBe(problem);
  });

  it("finds two of oneOf that fit, which no grammar can rule out", () => {
    expect(checkAgainstSchema({ oneOf: [{ type: "number" }, { type: "integer" }] }, "1")).toContain("oneOf");
  });

  it("does not hang on a pattern that makes others try for ever", () => {
    const schema = { type: "string", pattern: "^((a|a)*|(a+)+)b$" };
    expect(checkAgainstSchema(schema, JSON.stringify("a".repeat(2_000)))).toContain("pattern");
  });

  it("does not take a promise for a yes", () => {
    expect(checkAgainstSchema({ $async: true, type: "string" }, "1")).toBe("it must be string");
  });

  it("refuses a schema that it cannot read", () => {
    const failure = expect.objectContaining({ code: "unsupported" });
    expect(() => checkAgainstSchema({ $ref: "https://example.org/other" }, "1")).toThrow(failure);
    expect(() => checkAgainstSchema({ pattern: "(?=a)" } as JsonSchema, '"a"')).toThrow(failure);
  });

  it("takes as many properties as a grammar does", () => {
    const properties = Object.fromEntries(
      Array.from({ length: 1_999 }, (_, i) => [`p${i}`, { type: "integer" }]),
    );
    expect(checkAgainstSchema({ properties }, '{"p0":1,"p1998":"a"}')).toBe("/p1998 must be integer");
  });

  it("survives an answer that is nested as deep as a context is long", () => {
    const depth = 50_000;
    const text = `${"[".repeat(depth)}${"]".repeat(depth)}`;
    expect(checkAgainstSchema({ type: "array", items: { $ref: "#" } }, text)).toBe(
      "it is nested too deeply to be checked",
    );
  });
});
