import { randomBytes } from "node:crypto";
import { crc32 } from "node:zlib";
import { describe, expect, it } from "vitest";
import { keyText, readKey, shortId } from "./key-format.ts";

const key = () => keyText(shortId(randomBytes(16)), randomBytes(32));

describe("an API key as text", () => {
  it("has the form that scanners look for, and names its id", () => {
    for (let i = 0; i < 200; i++) {
      const id = shortId(randomBytes(16));
      const text = keyText(id, randomBytes(32));
      expect(text).toMatch(/^mst_[0-9a-z]{10}_[0-9A-Za-z]{49}$/);
      expect(readKey(text)).toEqual({ kind: "key", id });
    }
  });

  it("holds all 256 bits, at the ends of their range too", () => {
    for (const byte of [0, 255]) {
      const text = keyText("bbbbbbbbbb", new Uint8Array(32).fill(byte));
      expect(text).toHaveLength(64);
      expect(readKey(text).kind).toBe("key");
    }
    expect(new Set(Array.from({ length: 500 }, key)).size).toBe(500);
  });

  it("has zlib's checksum of all before it", () => {
    const text = key();
    const digits = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
    const value = [...text.slice(-6)].reduce((sum, digit) => sum * 62 + digits.indexOf(digit), 0);
    // Node 20.19 may lack it.
    if (typeof crc32 === "function") expect(value).toBe(crc32(text.slice(0, -6)));
  });

  it("tells every wrong character, and a part of a key, from a key", () => {
    const text = key();
    for (let at = 4; at < text.length; at++) {
      const other = text[at] === "7" ? "8" : "7";
      expect(readKey(text.slice(0, at) + other + text.slice(at + 1)).kind).toBe("damaged");
    }
    expect(readKey(text.slice(0, -1)).kind).toBe("damaged");
    expect(readKey(`${text}x`).kind).toBe("damaged");
    expect(readKey("a-key-of-the-configuration").kind).toBe("other");
  });
});
