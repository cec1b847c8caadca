import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { readServerSentEvents } from "./sse-reader.ts";

async function read(chunks: readonly Uint8Array[]): Promise<string[]> {
  const stream = (async function* () {
    yield* chunks;
  })();
  const events: string[] = [];
  for await (const event of readServerSentEvents(stream)) events.push(event);
  return events;
}

const bytes = (text: string) => new TextEncoder().encode(text);

describe("readServerSentEvents", () => {
  it.each<[string, string, readonly string[]]>([
    ["LF", 'data: {"a":1}\n\ndata: [DONE]\n\n', ['{"a":1}', "[DONE]"]],
    ["CR LF", "data: a\r\n\r\ndata: b\r\n\r\n", ["a", "b"]],
    ["CR", "data: a\r\rdata: b\r\r", ["a", "b"]],
    ["no space after the colon", "data:a\n\ndata:  b\n\n", ["a", " b"]],
    ["comments and other fields", ": ping\n\nevent: x\nid: 1\ndata: a\n\n:\n\n", ["a"]],
    ["several data lines", "data: a\ndata: b\n\n", ["a\nb"]],
    ["a last event without its empty line", "data: a\n\ndata: b", ["a", "b"]],
    ["an empty stream", "", []],
    ["an empty event", "data:\n\n", [""]],
  ])("takes %s", async (_name, text, events) => {
    expect(await read([bytes(text)])).toEqual(events);
  });

  it("gives the same events however the bytes are cut", async () => {
    const end = fc.constantFrom("\n", "\r\n", "\r");
    const data = fc.string({ unit: "grapheme", maxLength: 12 }).map((text) => text.replace(/[\r\n]/g, ""));
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.tuple(data, end), { maxLength: 6 }),
        fc.array(fc.nat(60), { maxLength: 12 }),
        async (events, cuts) => {
          const whole = bytes(events.map(([text, eol]) => `data: ${text}${eol}${eol}`).join(""));
          const borders = [0, ...cuts.map((cut) => Math.min(cut, whole.length)), whole.length];
          borders.sort((a, b) => a - b);
          const pieces = borders.slice(1).map((border, i) => whole.subarray(borders[i], border));
          expect(await read(pieces)).toEqual(events.map(([text]) => text));
        },
      ),
    );
  });

  it("gives up an event without end", async () => {
    const endless = Array.from({ length: 40 }, () => bytes("x".repeat(256 * 1024)));
    await expect(read(endless)).rejects.toMatchObject({ code: "engine_failed" });
  });
});
