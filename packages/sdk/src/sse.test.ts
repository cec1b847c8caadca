import { describe, expect, it } from "vitest";
import { type ServerSentEvent, SseParser } from "./sse.ts";

const utf8 = new TextEncoder();

function parse(...parts: (string | Uint8Array)[]): ServerSentEvent[] {
  const parser = new SseParser();
  const events = parts.flatMap((part) => parser.push(typeof part === "string" ? utf8.encode(part) : part));
  return [...events, ...parser.end()];
}

const data = (...texts: string[]) => texts.map((text) => ({ event: undefined, data: text }));

describe("SseParser", () => {
  it.each([
    ["line feeds", "data: a\n\ndata: b\n\n", data("a", "b")],
    ["CRLF", "data: a\r\n\r\ndata: b\r\n\r\n", data("a", "b")],
    ["carriage returns", "data: a\r\rdata: b\r\r", data("a", "b")],
    ["several data lines as one event", "data: a\ndata:\ndata: b\n\n", data("a\n\nb")],
    ["one leading space only", "data:  a\n\ndata:b\n\n", data(" a", "b")],
    [
      "names of events, for one event",
      "event: error\ndata: a\n\ndata: b\n\n",
      [{ event: "error", data: "a" }, ...data("b")],
    ],
    ["no comments, ids and retry times", ": keepalive\n\nid: 7\nretry: 9\ndata: a\n\n", data("a")],
    ["no event without data", "event: ping\n\ndata: a\n\n", data("a")],
    ["a field without a colon as empty", "data\n\n", data("")],
    ["a byte order mark at the start only", "\uFEFFdata: \uFEFFa\n\n", data("\uFEFFa")],
    ["the last event without a blank line", "data: a\n\ndata: b", data("a", "b")],
    ["nothing from nothing", "", []],
  ])("reads %s", (_name, text, expected) => {
    expect(parse(text)).toEqual(expected);
  });

  it("gives the same events wherever the bytes are cut in two", () => {
    const bytes = utf8.encode(
      '\uFEFF: hi\r\ndata: {"text":"grün 🦙 草"}\r\n\r\nevent: x\ndata: a\rdata: b\r\r\ndata: [DONE]\n\n',
    );
    const whole = parse(bytes);
    expect(whole).toEqual([
      { event: undefined, data: '{"text":"grün 🦙 草"}' },
      { event: "x", data: "a\nb" },
      { event: undefined, data: "[DONE]" },
    ]);
    for (let cut = 0; cut <= bytes.length; cut++) {
      expect(parse(bytes.subarray(0, cut), bytes.subarray(cut)), `cut at ${cut}`).toEqual(whole);
    }
    expect(parse(...[...bytes].map((byte) => Uint8Array.of(byte)))).toEqual(whole);
  });

  it("gives an event as soon as its blank line is there", () => {
    const parser = new SseParser();
    expect(parser.push(utf8.encode("data: a\r"))).toEqual([]);
    expect(parser.push(utf8.encode("\n\r"))).toEqual(data("a"));
    expect(parser.push(utf8.encode("\ndata: b\n\n"))).toEqual(data("b"));
  });

  it("refuses an event that outgrows its cap, in one line, in many lines and in pieces", () => {
    const fits = `data: ${"x".repeat(90)}\n\n`;
    const parser = new SseParser(100);
    for (let i = 0; i < 10; i++) expect(parser.push(utf8.encode(fits))).toHaveLength(1);
    expect(() => parser.push(utf8.encode(`data: ${"x".repeat(200)}`))).toThrow(/larger than 100 characters/);
    expect(() => new SseParser(100).push(utf8.encode("data: xxxxxxxx\n".repeat(20)))).toThrow(RangeError);
    const pieces = new SseParser(100);
    expect(() => {
      for (let i = 0; i < 200; i++) pieces.push(utf8.encode("x"));
    }).toThrow(RangeError);
  });
});
