import { describe, expect, it } from "vitest";
import { linesOf } from "./text-lines.ts";

async function* inPieces(text: string, size: number) {
  const bytes = new TextEncoder().encode(text);
  for (let at = 0; at < bytes.length; at += size) yield bytes.slice(at, at + size);
}

async function read(text: string, size: number, longestChars?: number): Promise<string[]> {
  const lines: string[] = [];
  for await (const line of linesOf(inPieces(text, size), longestChars)) lines.push(line);
  return lines;
}

describe("linesOf", () => {
  it.each([1, 2, 3, 7, 1_000])("gives the same lines from pieces of %i bytes", async (size) => {
    const lines = await read('eins\r\n\n{"a":"ü\u2028🦙"}\n\r\nno end', size);
    expect(lines).toEqual(["eins", '{"a":"ü\u2028🦙"}', "no end"]);
  });

  it("refuses a line that does not end", async () => {
    await expect(read(`short\n${"x".repeat(50)}`, 8, 20)).rejects.toMatchObject({
      name: "MusterApiError",
      code: "line_too_large",
    });
  });
});
