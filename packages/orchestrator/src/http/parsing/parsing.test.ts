import { MusterError } from "@muster/base";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { z } from "zod";
import { parseBody } from "./body.ts";
import { maxJsonDepth, requireBoundedJson } from "./json-bounds.ts";
import { audioFromBase64, imageFromBase64, imageFromUrl } from "./media.ts";
import { samplingOf, stopsOf } from "./sampling.ts";
import { effort, thinkingOf } from "./thinking.ts";
import { argumentsOf, toolUseOf } from "./tools.ts";

const place = { at: 3, param: "messages[0].content[1]" };

function nested(depth: number): unknown {
  let value: unknown = 1;
  for (let level = 0; level < depth; level++) value = level % 2 === 0 ? [value] : { a: value };
  return value;
}

/** The field that a refusal names. */
function paramOf(refused: () => unknown): string | undefined {
  try {
    refused();
  } catch (error) {
    expect(error).toBeInstanceOf(MusterError);
    return MusterError.from(error).param;
  }
  throw new Error("it was taken");
}

describe("the depth of a body", () => {
  it("is bounded, whatever comes", () => {
    requireBoundedJson(nested(maxJsonDepth));
    for (const depth of [maxJsonDepth + 1, 60_000, 1_000_000])
      expect(() => requireBoundedJson(nested(depth))).toThrow(/nested/);
    fc.assert(fc.property(fc.jsonValue({ maxDepth: 20 }), (value) => requireBoundedJson(value)));
  });

  it("is looked at before anything that recurses", () => {
    expect(() => parseBody(z.looseObject({}), { deep: nested(60_000) })).toThrow(/nested/);
  });
});

describe("what a body may hold", () => {
  it("is bounded in number, so that what is wrong with it stays countable", () => {
    requireBoundedJson(Array.from({ length: 99_999 }, () => 1));
    expect(() => requireBoundedJson([[1], Array.from({ length: 100_000 }, () => 1)])).toThrow(/values/);
  });

  it("is not repeated at its whole length by an error", () => {
    const schema = z.looseObject({ names: z.record(z.string(), z.number()) });
    const refused = () => parseBody(schema, { names: { ["x".repeat(100_000)]: "y" } });
    expect(paramOf(refused)?.length).toBeLessThan(300);
    expect(refused).toThrow(/^.{1,600}$/);
  });
});

describe("thinking", () => {
  it("is as the effort says, where one is given", () => {
    expect(thinkingOf({})).toBeUndefined();
    expect(thinkingOf({ effort: null, isOn: null, budgetTokens: null })).toBeUndefined();
    expect(thinkingOf({ effort: "none", isOn: true, budgetTokens: 9 })).toEqual({ mode: "off" });
    expect(thinkingOf({ effort: "low" })).toEqual({ mode: "on", budgetTokens: 512 });
    expect(thinkingOf({ effort: "medium", isOn: false })).toEqual({ mode: "on", budgetTokens: 2_048 });
    expect(thinkingOf({ effort: "high" })).toEqual({ mode: "on" });
    expect(thinkingOf({ effort: "low", budgetTokens: 9 })).toEqual({ mode: "on", budgetTokens: 9 });
  });

  it("is as the switch or the budget says otherwise", () => {
    expect(thinkingOf({ isOn: true })).toEqual({ mode: "on" });
    expect(thinkingOf({ isOn: false, budgetTokens: 9 })).toEqual({ mode: "off" });
    expect(thinkingOf({ budgetTokens: 0 })).toEqual({ mode: "off" });
    expect(thinkingOf({ budgetTokens: 9 })).toEqual({ mode: "on", budgetTokens: 9 });
  });

  it("costs more the greater the effort", () => {
    const budgets = effort.options
      .filter((each) => each !== "none")
      .map((each) => thinkingOf({ effort: each })?.budgetTokens ?? Number.POSITIVE_INFINITY);
    expect(budgets).toEqual([...budgets].sort((a, b) => a - b));
  });
});

describe("sampling", () => {
  it("is Gemma's where nothing is said, with the seed that chance gave", () => {
    const gemma = {
      temperature: 1,
      topK: 64,
      topP: 0.95,
      minP: 0,
      seed: 7,
      frequencyPenalty: 0,
      presencePenalty: 0,
    };
    expect(samplingOf({}, 7)).toEqual(gemma);
    expect(samplingOf({ top_k: -1 }, 7)).toEqual(gemma);
    expect(samplingOf({ top_k: 0, seed: -1 }, 7)).toEqual({ ...gemma, seed: 0xffff_ffff });
    expect(samplingOf({ repetition_penalty: 1.1 }, 7)).toEqual({ ...gemma, repetitionPenalty: 1.1 });
  });

  it("takes biases by token id only", () => {
    expect(samplingOf({ logit_bias: { "12": -100, "3": 5 } }, 7).logitBias).toEqual([
      { tokenId: 3, bias: 5 },
      { tokenId: 12, bias: -100 },
    ]);
    for (const key of ["word", "-1", "1.5", "4294967296", ""])
      expect(paramOf(() => samplingOf({ logit_bias: { [key]: 1 } }, 7))).toBe("logit_bias");
    const many = Object.fromEntries(Array.from({ length: 1_025 }, (_none, id) => [String(id), 1]));
    expect(paramOf(() => samplingOf({ logit_bias: many }, 7))).toBe("logit_bias");
  });

  it("has stops as a list", () => {
    expect([stopsOf(null), stopsOf("a"), stopsOf(["a", "b"])]).toEqual([[], ["a"], ["a", "b"]]);
  });
});

describe("media", () => {
  const heads = {
    "image/png": "89504e470d0a1a0a",
    "image/jpeg": "ffd8ffe0",
    "image/gif": Buffer.from("GIF89a").toString("hex"),
    "image/webp": Buffer.from("RIFF....WEBP").toString("hex"),
  };
  const bytesOf = (hex: string) =>
    Buffer.concat([Buffer.from(hex, "hex"), Buffer.alloc(20)]).toString("base64");

  it("is taken by type and first bytes", () => {
    for (const [mediaType, head] of Object.entries(heads)) {
      const base64 = bytesOf(head);
      expect(imageFromUrl(`data:${mediaType};base64,${base64}`, place)).toEqual({
        kind: "image",
        mediaType,
        base64,
        at: 3,
      });
      for (const other of Object.keys(heads).filter((each) => each !== mediaType))
        expect(paramOf(() => imageFromBase64(other, base64, place))).toBe(place.param);
    }
    const mp3 = Buffer.from("ID3\x04\0\0").toString("base64");
    expect(audioFromBase64("mp3", mp3, place)).toMatchObject({ kind: "audio", mediaType: "audio/mpeg" });
    expect(paramOf(() => audioFromBase64("wav", mp3, place))).toBe(place.param);
  });

  it("is never fetched, and never anything but base64", () => {
    const png = bytesOf(heads["image/png"]);
    for (const url of [
      "https://a/b.png",
      "HTTP://a",
      "file:///etc/passwd",
      "",
      "data:",
      `data:image/png,${png}`,
      `data:image/png;${"a;".repeat(1_000)}base64,${png}`,
    ])
      expect(paramOf(() => imageFromUrl(url, place))).toBe(place.param);
    for (const base64 of ["", "a", "????", `${png} `, png.slice(1)])
      expect(paramOf(() => imageFromBase64("image/png", base64, place))).toBe(place.param);
  });
});

describe("tools", () => {
  const definitions = [{ name: "f" }];
  const auto = { choice: { kind: "auto" }, isParallel: true } as const;

  it("are of different names, and the chosen one is among them", () => {
    expect(toolUseOf({ definitions: [], ...auto })).toBeUndefined();
    expect(toolUseOf({ definitions, ...auto })).toEqual({ definitions, ...auto });
    expect(paramOf(() => toolUseOf({ ...auto, definitions: [...definitions, ...definitions] }))).toBe(
      "tools",
    );
    const named = { kind: "named", name: "g" } as const;
    expect(paramOf(() => toolUseOf({ ...auto, definitions, choice: named }))).toBe("tool_choice");
    expect(paramOf(() => toolUseOf({ ...auto, definitions: [], choice: { kind: "required" } }))).toBe(
      "tool_choice",
    );
    const unknown = { kind: "named", name: "g".repeat(100_000) } as const;
    expect(() => toolUseOf({ ...auto, definitions, choice: unknown })).toThrow(/^.{1,300}$/);
    const long = { name: "f", description: "x".repeat(2_000_000) };
    expect(paramOf(() => toolUseOf({ ...auto, definitions: [long] }))).toBe("tools");
  });

  it("were called with a JSON object, or with nothing", () => {
    expect(argumentsOf('{"a":1}', "p")).toBe('{"a":1}');
    expect(argumentsOf(" ", "p")).toBe("{}");
    for (const text of ["[1]", "1", "null", "{", `{"a":${"[".repeat(60_000)}${"]".repeat(60_000)}}`])
      expect(() => argumentsOf(text, "p")).toThrow(MusterError);
  });
});
