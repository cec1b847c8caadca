import { describe, expect, it } from "vitest";
import { createTextDecoder } from "./text-decoder.ts";

/** Tokens that are bytes: the hardest case for whole characters. */
const fromBytes = (bytes: readonly number[]) => Buffer.from(bytes).toString("utf8");

function decode(bytes: readonly number[]): string[] {
  const decoder = createTextDecoder<number>(fromBytes, []);
  return bytes.map((byte) => decoder.push(byte));
}

describe("text decoder", () => {
  it("gives a character once, when its last byte came", () => {
    expect(decode([...Buffer.from("aé你😀b")])).toEqual(["a", "", "é", "", "", "你", "", "", "", "😀", "b"]);
  });

  it("never gives half a character, also at the end", () => {
    expect(decode([...Buffer.from("ok😀")].slice(0, -1)).join("")).toBe("ok");
  });

  it("tells a written U+FFFD at the end from half a character", () => {
    const written = [...Buffer.from("\ufffd")];
    const end = (bytes: readonly number[]) => {
      const decoder = createTextDecoder<number>(fromBytes, [], written);
      return bytes.map((byte) => decoder.push(byte)).join("") + decoder.flush();
    };
    expect(end([...Buffer.from("ok"), ...written])).toBe("ok\ufffd");
    expect(end([...written, ...Buffer.from("ok")])).toBe("\ufffdok");
    expect(end([...Buffer.from("ok😀")].slice(0, -1))).toBe("ok");
    expect(end([...Buffer.from("ok")])).toBe("ok");
  });

  it("gives whole characters out of a token that ends in half a one", () => {
    const decoder = createTextDecoder<string>(
      (texts) => fromBytes([...Buffer.from(texts.join(""), "hex")]),
      [],
    );
    const hex = Buffer.from("你好").toString("hex");
    expect(decoder.push(hex.slice(0, 8))).toBe("你");
    expect(decoder.push(hex.slice(8))).toBe("好");
  });

  it("gives up on bytes that never become a character, and goes on after them", () => {
    const text = decode([...Array.from({ length: 300 }, () => 0xe4), 0x61, 0x62]).join("");
    expect(text.endsWith("ab")).toBe(true);
  });

  it("shows the tokens before to the detokeniser", () => {
    const seen: string[] = [];
    const decoder = createTextDecoder<string>(
      (window, before) => {
        seen.push(before.join(""));
        return window.join("");
      },
      ["p", "q"],
    );
    decoder.push("x");
    decoder.push("y");
    expect(seen).toEqual(["pq", "pqx"]);
  });
});
