import { describe, expect, it } from "vitest";
import { plainSchema } from "./plain-schema.ts";

describe("schema for templates that want plain ones", () => {
  it("gives every value one type", () => {
    const schema = {
      type: "object",
      properties: {
        unit: { enum: ["C", "F"] },
        count: { const: 3 },
        note: { type: ["string", "null"], description: "n" },
        size: { anyOf: [{ type: "integer" }, { type: "null" }], description: "s" },
        tags: { items: { enum: ["a"] } },
        any: {},
      },
      required: ["unit"],
    };
    expect(plainSchema(schema)).toEqual({
      type: "object",
      properties: {
        unit: { enum: ["C", "F"], type: "string" },
        count: { const: 3, type: "integer" },
        note: { type: "string", description: "n", nullable: true },
        size: { type: "integer", description: "s", nullable: true },
        tags: { items: { enum: ["a"], type: "string" }, type: "array" },
        any: { type: "string" },
      },
      required: ["unit"],
    });
  });

  it("writes references out, and ends where they go round", () => {
    const schema = {
      type: "object",
      properties: { place: { $ref: "#/$defs/place", description: "where" } },
      $defs: {
        place: { type: "object", properties: { city: { type: "string" }, near: { $ref: "#/$defs/place" } } },
      },
    };
    expect(plainSchema(schema)).toEqual({
      type: "object",
      properties: {
        place: {
          type: "object",
          description: "where",
          properties: { city: { type: "string" }, near: { type: "object" } },
        },
      },
    });
    expect(plainSchema({ $ref: "#" })).toEqual({ type: "object" });
    expect(plainSchema({ $ref: "https://example.com/x" })).toEqual({ type: "string" });
  });

  it("stays small when references multiply", () => {
    const $defs = Object.fromEntries(
      Array.from({ length: 30 }, (_, i) => [
        `d${i}`,
        { properties: { a: { $ref: `#/$defs/d${i + 1}` }, b: { $ref: `#/$defs/d${i + 1}` } } },
      ]),
    );
    expect(JSON.stringify(plainSchema({ $ref: "#/$defs/d0", $defs })).length).toBeLessThan(200_000);
  });
});
