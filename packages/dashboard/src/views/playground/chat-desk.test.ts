import { describe, expect, it } from "vitest";
import { ApiError } from "../../data/api.ts";
import { ChatDesk } from "./chat-desk.ts";

const encoder = new TextEncoder();
const question = { text: "Why?", images: [] };
const asking = { question, model: "m", canThink: false };
const piece = (content: string) =>
  `data: ${JSON.stringify({ model: "m", choices: [{ index: 0, delta: { content }, finish_reason: null }] })}\n\n`;

/** A server whose answers the test writes. */
function served() {
  const asked: unknown[] = [];
  const streams: ReadableStreamDefaultController<Uint8Array>[] = [];
  const desk = new ChatDesk({
    nowMs: () => 0,
    send: async (body, signal) => {
      asked.push(body);
      const stream = new ReadableStream<Uint8Array>({ start: (controller) => void streams.push(controller) });
      signal.addEventListener("abort", () => streams.at(-1)?.error(signal.reason));
      return new Response(stream);
    },
  });
  const say = (text: string) => streams.at(-1)?.enqueue(encoder.encode(text));
  const answer = () => desk.store.get().conversation.turns.at(-1)?.answer;
  return { desk, asked, say, answer };
}

function changed(desk: ChatDesk): Promise<void> {
  return new Promise((resolve) => {
    const leave = desk.store.subscribe(() => {
      leave();
      resolve();
    });
  });
}

describe("the desk of the playground", () => {
  it("asks with streaming and usage, and shows the answer as it comes", async () => {
    const { desk, asked, say, answer } = served();
    const done = desk.ask(asking);
    expect(answer()?.state).toBe("waiting");
    const first = changed(desk);
    await Promise.resolve();
    say(piece("Because"));
    await first;
    expect(answer()).toMatchObject({ state: "streaming", text: "Because" });
    say("data: [DONE]\n\n");
    await done;
    expect(answer()?.state).toBe("done");
    expect(asked).toEqual([
      {
        ...{ model: "m", messages: [{ role: "user", content: "Why?" }] },
        ...{ stream: true, stream_options: { include_usage: true } },
      },
    ]);
  });

  it("stops, and keeps what has come", async () => {
    const { desk, say, answer } = served();
    const done = desk.ask(asking);
    const first = changed(desk);
    await Promise.resolve();
    say(piece("Half"));
    await first;
    desk.stop();
    await done;
    expect(answer()).toMatchObject({ state: "stopped", text: "Half", problem: undefined });
  });

  it("asks a turn anew without the answer that it had", async () => {
    const { desk, asked, say } = served();
    for (const replaces of [undefined, 1]) {
      const done = desk.ask({ ...asking, replaces });
      await Promise.resolve();
      say(`${piece("x")}data: [DONE]\n\n`);
      await done;
    }
    expect(desk.store.get().conversation.turns).toHaveLength(1);
    expect(asked[1]).toEqual(asked[0]);
  });

  it("says what the server said, and that there is none", async () => {
    const refuse = (error: Error) => new ChatDesk({ nowMs: () => 0, send: () => Promise.reject(error) });
    for (const [error, words] of [
      [new ApiError(503, "no_capacity", "No worker could load it."), "No worker could load it."],
      [new TypeError("fetch failed"), "The orchestrator cannot be reached"],
    ] as const) {
      const desk = refuse(error);
      await desk.ask(asking);
      expect(desk.store.get().conversation.turns[0]?.answer.problem).toContain(words);
    }
  });
});
