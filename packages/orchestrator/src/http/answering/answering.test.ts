import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { deferred, type InferenceDelta, ManualClock } from "@muster/base";
import type { FastifyReply } from "fastify";
import { describe, expect, it, onTestFinished } from "vitest";
import type { AnswerEvent, AnswerSource } from "../../core/job.ts";
import { gather } from "./gather.ts";
import { HeldStream } from "./held-stream.ts";

const source: AnswerSource = { workerId: "w", workerName: "desk", epoch: 1 };

const end: AnswerEvent = {
  kind: "end",
  reason: "tool_calls",
  usage: { promptTokens: 1, cachedTokens: 0, completionTokens: 2 },
  timings: { prefillMs: 0, decodeMs: 0 },
  source,
};

async function* answerOf(...deltas: (InferenceDelta | "restart")[]): AsyncGenerator<AnswerEvent> {
  yield { kind: "started", source };
  for (const delta of deltas) {
    if (delta === "restart") yield { kind: "started", source: { ...source, epoch: 2 } };
    else yield { kind: "delta", delta };
  }
  yield end;
}

describe("a gathered answer", () => {
  it("has its text, thought, calls and probabilities together", async () => {
    const logprobs = [{ text: "b", logprob: -1, top: [] }];
    const answer = await gather(
      answerOf(
        { kind: "reasoning", text: "hm", tokens: 1 },
        { kind: "reasoning", text: "m", tokens: 1 },
        { kind: "text", text: "a", tokens: 1 },
        { kind: "text", text: "b", tokens: 1, logprobs },
        { kind: "tool-call", index: 0, id: "c0", name: "f", tokens: 1 },
        { kind: "tool-call", index: 1, id: "c1", name: "g", tokens: 1 },
        { kind: "tool-arguments", index: 0, text: "{", tokens: 1 },
        { kind: "tool-arguments", index: 1, text: "[]", tokens: 1 },
        { kind: "tool-arguments", index: 0, text: "}", tokens: 1 },
      ),
    );
    expect(answer).toMatchObject({ text: "ab", reasoning: "hmm", logprobs, reason: "tool_calls" });
    expect(answer.toolCalls).toEqual([
      { id: "c0", name: "f", argumentsJson: "{}" },
      { id: "c1", name: "g", argumentsJson: "[]" },
    ]);
  });

  it("has nothing of an attempt that was lost", async () => {
    const call: InferenceDelta = { kind: "tool-call", index: 0, id: "c", name: "f", tokens: 1 };
    const answer = await gather(
      answerOf({ kind: "text", text: "lost", tokens: 1 }, call, "restart", {
        kind: "text",
        text: "kept",
        tokens: 1,
      }),
    );
    expect(answer).toMatchObject({ text: "kept", toolCalls: [] });
  });

  it("fails for output that makes no sense", async () => {
    const stray: InferenceDelta[] = [
      { kind: "tool-arguments", index: 0, text: "{}", tokens: 1 },
      { kind: "tool-call", index: 1, id: "c", name: "f", tokens: 1 },
      { kind: "score", index: 0, score: 1, tokens: 0 },
    ];
    for (const delta of stray)
      await expect(gather(answerOf(delta))).rejects.toMatchObject({ code: "engine_failed" });
  });
});

/** A held stream behind a real HTTP response. */
async function hold(
  comingUp: () => string | undefined = () => undefined,
): Promise<{ held: HeldStream; clock: ManualClock; response: Promise<Response> }> {
  const clock = new ManualClock();
  const held = deferred<HeldStream>();
  const server = createServer((_request, raw) => {
    const reply = { raw, hijack() {}, getHeaders: () => ({ "x-request-id": "req-1" }) };
    held.resolve(new HeldStream(clock, reply as unknown as FastifyReply, comingUp));
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  const { port } = server.address() as AddressInfo;
  const response = fetch(`http://127.0.0.1:${port}`);
  // A test that sends nothing leaves it to the closing of the server.
  response.catch(() => {});
  return { held: await held.promise, clock, response };
}

describe("a stream whose model is being loaded", () => {
  it("goes out at once, with comments that say how far it is, until a worker has begun", async () => {
    let says: string | undefined = "fetching m (10 %)";
    const { held, clock, response } = await hold(() => says);
    clock.advance(1_000);
    expect(held.isOpen).toBe(true);
    says = "loading m (50 %)\nand more";
    clock.advance(1_000);
    says = undefined;
    clock.advance(1_000);
    held.started();
    says = "never said";
    clock.advance(1_000);
    held.close("[DONE]");
    expect(await (await response).text()).toBe(
      ": fetching m (10 %)\n\n: loading m (50 %) and more\n\ndata: [DONE]\n\n",
    );
  });
});

describe("the headers of a stream", () => {
  it("go out with the first event", async () => {
    const { held, response } = await hold();
    expect(held.isOpen).toBe(false);
    await held.send([{ event: "hello", data: { a: 1 } }]);
    held.close("[DONE]");
    const answer = await response;
    expect(answer.headers.get("x-request-id")).toBe("req-1");
    expect(await answer.text()).toBe('event: hello\ndata: {"a":1}\n\ndata: [DONE]\n\n');
  });

  it("are held for 20 s in the queue, and for 5 s on a worker", async () => {
    const queued = await hold();
    queued.clock.advance(19_999);
    expect(queued.held.isOpen).toBe(false);
    queued.clock.advance(1);
    expect(queued.held.isOpen).toBe(true);
    expect((await queued.response).status).toBe(200);

    const begun = await hold();
    begun.clock.advance(10_000);
    begun.held.started();
    begun.clock.advance(4_999);
    begun.held.started();
    expect(begun.held.isOpen).toBe(false);
    begun.clock.advance(1);
    expect(begun.held.isOpen).toBe(true);
  });

  it("are followed by nothing after a failure, whatever other choices still say", async () => {
    const { held, response } = await hold();
    await held.send([{ data: 1 }]);
    const failing = held.fail([{ data: { error: 2 } }]);
    await held.send([{ data: 3 }]);
    await failing;
    await held.send([{ data: 4 }]);
    expect(await (await response).text()).toBe('data: 1\n\ndata: {"error":2}\n\n');
  });

  it("never go out once the answer has failed: what other choices say is dropped", async () => {
    const { held, clock } = await hold();
    held.abandon();
    await held.send([{ data: "late" }]);
    held.started();
    clock.advance(60_000);
    expect(held.isOpen).toBe(false);
  });
});
