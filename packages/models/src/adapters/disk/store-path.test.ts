import { isAbsolute, relative, resolve } from "node:path";
import { MusterError } from "@muster/base";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { hubSegments, storePath, urlSegments } from "./store-path.ts";

const directory = "/var/models";

describe("storePath", () => {
  test("keeps the names readable", () => {
    const file = { owner: "google", repo: "gemma", revision: "refs/pr/1", file: "sub/a.gguf" };
    expect(storePath(directory, hubSegments(file))).toBe(
      "/var/models/huggingface.co/google/gemma/refs--pr--1/sub/a.gguf",
    );
    expect(storePath(directory, urlSegments("https://h.example:8443/x/a%20b.gguf"))).toBe(
      "/var/models/h.example_8443/x/a b.gguf",
    );
  });

  test("keeps files apart that only the query tells apart", () => {
    const [one, two] = ["1", "2"].map((id) => urlSegments(`https://h.example/a.gguf?id=${id}`).join("/"));
    expect(one).not.toBe(two);
  });

  test.each([
    [[]],
    [[""]],
    [["."]],
    [[".."]],
    [["a", "..", "..", "b"]],
    [["/etc/passwd"]],
    [["..\\..\\a"]],
    [["a/../../b"]],
    [["C:"]],
    [["a\u0000.gguf"]],
    [["a\n"]],
    [["a."]],
    [["a "]],
    [[" a"]],
    [["CON"]],
    [["nul.gguf"]],
    [["x".repeat(201)]],
    [["a:stream"]],
  ])("refuses %j", (segments) => {
    expect(() => storePath(directory, segments)).toThrow(MusterError);
  });

  test.each([
    "https://h.example/%2e%2e%2f%2e%2e%2fa.gguf",
    "https://h.example/..%2fa.gguf",
    "https://h.example/x%00/a.gguf",
    "https://h.example/x%5c..%5ca.gguf",
    "https://h.example/%zz/a.gguf",
    "https://h.example//a.gguf",
    "https://h.example/a",
    "https://h.example/",
  ])("refuses the address %s", (address) => {
    expect(() => storePath(directory, urlSegments(address))).toThrow(MusterError);
  });

  test("never leaves the directory, whatever the names are", () => {
    const nasty = fc.constantFrom("..", "/", "\\", "%2e", "\u0000", "~", "a", ".", ":");
    const name = fc.oneof(
      fc.string({ unit: "binary" }),
      fc.array(nasty).map((parts) => parts.join("")),
    );
    fc.assert(
      fc.property(fc.array(name, { maxLength: 6 }), (segments) => {
        try {
          const inside = relative(resolve(directory), storePath(directory, segments));
          expect(inside.startsWith("..") || isAbsolute(inside) || inside === "").toBe(false);
          expect(inside.split("/")).toHaveLength(segments.length);
        } catch (error) {
          if (!(error instanceof MusterError)) throw error;
        }
      }),
    );
  });
});
