import { describe, expect, it } from "vitest";
import { type ChatEvent, chatEvents, coldStartOf, workerOf } from "./chat-events.ts";
import { SseParser } from "./sse-lines.ts";

const encoder = new TextEncoder();

function bodyOf(pieces: readonly (string | Uint8Array)[]): ReadableStream<Uint8Array> {
  return new ReadableStream({
    start(controller) {
      for (const piece of pieces)
        controller.enqueue(typeof piece === "string" ? encoder.encode(piece) : piece);
      controller.close();
    },
  });
}

async function allOf(pieces: readonly (string | Uint8Array)[]): Promise<ChatEvent[]> {
  const events: ChatEvent[] = [];
  for await (const some of chatEvents(bodyOf(pieces))) events.push(...some);
  return events;
}

const chunk = (body: object) => `data: ${JSON.stringify({ id: "c", model: "tiny-gemma", ...body })}\n\n`;
const delta = (said: object, reason: string | null = null) =>
  chunk({ choices: [{ index: 0, delta: said, finish_reason: reason }] });

describe("the stream of a chat answer", () => {
  it("tells of the cold start, thoughts, text, the end and the usage", async () => {
    const usage = { prompt_tokens: 3, completion_tokens: 2, total_tokens: 5 };
    const events = await allOf([
      ": keepalive\n\n: loading tiny-gemma (40 %)\n\n",
      chunk({
        system_fingerprint: "muster-desk-1-tiny-gemma-q8_0",
        choices: [{ index: 0, delta: {}, finish_reason: null }],
      }),
      delta({ reasoning_content: "hm" }),
      delta({ content: "Blue" }),
      delta({}, "stop"),
      chunk({ choices: [], usage }),
      "data: [DONE]\n\n",
    ]);
    expect(events).toEqual([
      { kind: "waiting", coldStart: { stage: "loading", model: "tiny-gemma", share: 0.4 } },
      { kind: "source", model: "tiny-gemma", fingerprint: "muster-desk-1-tiny-gemma-q8_0" },
      { kind: "thought", text: "hm" },
      { kind: "text", text: "Blue" },
      { kind: "reason", reason: "stop" },
      { kind: "usage", usage },
    ]);
  });

  it("reads the same however the bytes were cut, letters of several bytes included", async () => {
    const whole = encoder.encode(`${delta({ content: "Grüße 漢字 🎉" })}data: [DONE]\r\n\r\n`);
    for (let at = 1; at < whole.length; at++) {
      const events = await allOf([whole.subarray(0, at), whole.subarray(at)]);
      expect(events.map((event) => (event.kind === "text" ? event.text : "")).join("")).toBe("Grüße 漢字 🎉");
    }
  });

  it("fails with what the stream says went wrong", async () => {
    const failing = allOf([
      delta({ content: "a" }),
      `data: ${JSON.stringify({ error: { code: "engine_crashed", message: "The engine ended." } })}\n\n`,
    ]);
    await expect(failing).rejects.toMatchObject({ code: "engine_crashed", message: "The engine ended." });
  });

  it("fails where it ends in the middle", async () => {
    await expect(allOf([delta({ content: "a" })])).rejects.toMatchObject({ code: "stream_broken" });
  });

  it("leaves out comments that say nothing", () => {
    expect(coldStartOf("keepalive")).toBeUndefined();
    expect(coldStartOf("ordering gemma-4")).toEqual({
      stage: "ordering",
      model: "gemma-4",
      share: undefined,
    });
  });

  it("knows the worker in a fingerprint, whatever it is called", () => {
    expect(workerOf("muster-desk-1-tiny-gemma-q8_0", "tiny-gemma")).toBe("desk-1");
    expect(workerOf("muster-desk-owner_m-x", "owner/m")).toBe("desk");
    expect(workerOf("muster-desk", "unknown")).toBe("desk");
  });

  it("joins lines of one event", () => {
    expect(new SseParser().push("data: a\ndata: b\n\n")).toEqual([{ kind: "data", text: "a\nb" }]);
  });
});
