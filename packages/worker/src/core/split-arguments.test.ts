import fc from "fast-check";
import { expect, test } from "vitest";
import { splitArguments } from "./split-arguments.ts";

test.each<[string, readonly string[]]>([
  ["", []],
  ["  -fa on\t--cache-reuse  256 ", ["-fa", "on", "--cache-reuse", "256"]],
  [`--lora '/a b/c.gguf' -ot "x=\\"CPU\\""`, ["--lora", "/a b/c.gguf", "-ot", 'x="CPU"']],
  [`a'b'"c"d ''`, ["abcd", ""]],
  ["'\\' \\$(id) `id`;x", ["\\", "$(id)", "`id`;x"]],
])("splits %j", (text, expected) => {
  expect(splitArguments(text, "--engine-args")).toEqual(expected);
});

test.each(["'a", 'a "b', `"a'`])("refuses %j, whose quotes do not end", (text) => {
  expect(() => splitArguments(text, "--engine-args")).toThrow(/--engine-args: the quotation mark/);
});

test("gives back any arguments that were quoted", () => {
  fc.assert(
    fc.property(fc.array(fc.string()), (args) => {
      const quoted = args.map((arg) => `'${arg.replaceAll("'", `'\\''`)}'`).join(" ");
      expect(splitArguments(quoted, "x")).toEqual(args);
    }),
  );
});
