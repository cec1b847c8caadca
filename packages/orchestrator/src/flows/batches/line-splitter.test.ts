import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { splitLines } from "./line-splitter.ts";

interface Line {
  readonly text: string | undefined;
  readonly offset: number;
  readonly length: number;
  readonly lineNumber: number;
}

async function linesOf(text: string, chunkBytes: number, maxLineBytes = 1_000): Promise<Line[]> {
  const bytes = Buffer.from(text);
  async function* chunks() {
    for (let at = 0; at < bytes.length; at += chunkBytes) {
      const chunk = bytes.subarray(at, at + chunkBytes).slice();
      const copy = Uint8Array.from(chunk);
      yield copy;
      // Whoever reads may use its buffer again.
      copy.fill(0x2a);
    }
  }
  const lines: Line[] = [];
  for await (const some of splitLines(chunks(), { maxLineBytes }))
    for (const { bytes: line, ...where } of some)
      lines.push({ text: line === undefined ? undefined : Buffer.from(line).toString(), ...where });
  return lines;
}

describe("the lines of a stream of bytes", () => {
  it("are the same wherever its chunks are cut, and lie where they say", async () => {
    const line = fc.oneof(fc.string({ maxLength: 20 }), fc.constantFrom("", " ", "\t", "é", "\r", "{}"));
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.tuple(line, fc.constantFrom("\n", "\r\n"))),
        fc.boolean(),
        fc.integer({ min: 1, max: 50 }),
        async (parts, endsOpen, chunkBytes) => {
          const text = parts.map(([content, end]) => content.replaceAll("\n", "") + end).join("");
          const input = endsOpen ? `${text}last` : text;
          const whole = input
            .split("\n")
            .map((raw, index) => ({ text: raw.replace(/\r$/, ""), lineNumber: index + 1 }))
            .filter(({ text: kept }) => !/^[ \t\r]*$/.test(kept));
          const found = await linesOf(input, chunkBytes);
          expect(found.map(({ text: kept, lineNumber }) => ({ text: kept, lineNumber }))).toEqual(whole);
          for (const { text: kept, offset, length } of found)
            expect(
              Buffer.from(input)
                .subarray(offset, offset + length)
                .toString(),
            ).toBe(kept);
        },
      ),
    );
  });

  it.each([1, 7, 64, 10_000])(
    "that are too long are told of without their bytes, in chunks of %i",
    async (chunk) => {
      const input = `${"a".repeat(10)}\n${"b".repeat(11)}\n${"c".repeat(10)}\r\n${"d".repeat(300)}\ne\n${"f".repeat(12)}`;
      const found = await linesOf(input, chunk, 10);
      expect(found.map(({ text, lineNumber }) => [text, lineNumber])).toEqual([
        ["a".repeat(10), 1],
        [undefined, 2],
        ["c".repeat(10), 3],
        [undefined, 4],
        ["e", 5],
        [undefined, 6],
      ]);
      expect(found[4]?.offset).toBe(input.indexOf("e"));
    },
  );
});
