import { describe, expect, it } from "vitest";
import { Muster } from "./client.ts";
import { AbortedError, ConnectionError, StreamError, TimeoutError } from "./errors.ts";
import { type Answer, chunkEvent, done, openStream, question, startServer } from "./server.fixture.ts";

const streamed = { ...question, stream: true } as const;

async function streamOf(answer: Answer, options: { signal?: AbortSignal; timeoutMs?: number } = {}) {
  const server = await startServer(answer);
  const muster = new Muster({ baseUrl: server.url });
  return { server, muster, stream: await muster.chat.completions.create(streamed, options) };
}

/** An answer that never ends, and the moment when its connection closes. */
function endless(): { answer: Answer; closed: Promise<void> } {
  let onClose: () => void = () => {};
  const closed = new Promise<void>((resolve) => {
    onClose = resolve;
  });
  const answer: Answer = (response) => {
    response.once("close", onClose);
    openStream(response);
    response.write(chunkEvent("one"));
  };
  return { answer, closed };
}

describe("a stream", () => {
  it("gives every chunk, however its bytes are cut", async () => {
    const bytes = Buffer.from(
      `: keepalive\n\n${chunkEvent("grün ")}${chunkEvent("🦙")}${done}`.replaceAll("\n", "\r\n"),
    );
    const { muster, server } = await streamOf((response, { body }) => {
      openStream(response);
      const cut = (body as { seed?: number }).seed ?? 0;
      response.write(bytes.subarray(0, cut), () => setImmediate(() => response.end(bytes.subarray(cut))));
    });
    const texts = await Promise.all(
      Array.from({ length: bytes.length + 1 }, async (_none, seed) =>
        (await muster.chat.completions.create({ ...streamed, seed })).toText(),
      ),
    );
    expect(new Set(texts)).toEqual(new Set(["grün 🦙"]));
    expect(server.seen).toHaveLength(bytes.length + 2);
  });

  it("gives chunks as they come, with the request's id", async () => {
    let send: (text: string) => void = () => {};
    const { stream } = await streamOf((response) => {
      openStream(response, { "x-request-id": "req-3" });
      send = (text) => response.write(text);
    });
    expect(stream.requestId).toBe("req-3");
    const chunks = stream[Symbol.asyncIterator]();
    for (const word of ["a", "b", "c"]) {
      send(chunkEvent(word));
      expect((await chunks.next()).value?.choices[0]?.delta.content).toBe(word);
    }
    send(
      chunkEvent("", { choices: [], usage: { prompt_tokens: 1, completion_tokens: 3, total_tokens: 4 } }) +
        done,
    );
    expect((await chunks.next()).value?.usage?.completion_tokens).toBe(3);
    expect(await chunks.next()).toEqual({ done: true, value: undefined });
  });

  it("leaves its connection to later requests when it was read to the end", async () => {
    const { stream, muster, server } = await streamOf((response) => {
      openStream(response);
      response.end(chunkEvent("a") + done);
    });
    await stream.toText();
    for (let i = 0; i < 5; i++) await (await muster.chat.completions.create(streamed)).toText();
    // Two, not one: Node frees a connection a moment after it hands out the end of the body.
    expect(new Set(server.seen.map(({ clientPort }) => clientPort)).size).toBeLessThanOrEqual(2);
  });

  it("ends at its end marker although the server keeps the body open", async () => {
    let closed: () => void = () => {};
    const gone = new Promise<void>((resolve) => {
      closed = resolve;
    });
    const { stream } = await streamOf((response) => {
      response.once("close", closed);
      openStream(response);
      response.write(chunkEvent("a") + done);
    });
    expect(await stream.toText()).toBe("a");
    await gone;
  });

  it("is read once", async () => {
    const { stream } = await streamOf((response) => {
      openStream(response);
      response.end(chunkEvent("a") + done);
    });
    await stream.toText();
    await expect(stream.toText()).rejects.toThrow(/is read once/);
    expect(() => stream[Symbol.asyncIterator]()).toThrow(TypeError);
  });

  it("joins the first choice only", async () => {
    const other = { choices: [{ index: 1, delta: { content: "no" }, finish_reason: null }] };
    const { stream } = await streamOf((response) => {
      openStream(response);
      response.end(chunkEvent("yes") + chunkEvent("", other) + done);
    });
    expect(await stream.toText()).toBe("yes");
  });
});

describe("leaving a stream", () => {
  it("by breaking out of the loop closes the connection", async () => {
    const { answer, closed } = endless();
    const { stream } = await streamOf(answer);
    for await (const chunk of stream) {
      expect(chunk.choices[0]?.delta.content).toBe("one");
      break;
    }
    await closed;
  });

  it("by an error in the loop closes the connection", async () => {
    const { answer, closed } = endless();
    const { stream } = await streamOf(answer);
    const reading = (async () => {
      for await (const _chunk of stream) throw new Error("mine");
    })();
    await expect(reading).rejects.toThrow("mine");
    await closed;
  });

  it("by return() closes the connection although a chunk is awaited, or none was asked for", async () => {
    const waiting = endless();
    const chunks = (await streamOf(waiting.answer)).stream[Symbol.asyncIterator]();
    await chunks.next();
    const pending = chunks.next();
    await chunks.return?.();
    expect(await pending).toEqual({ done: true, value: undefined });
    await waiting.closed;

    const untouched = endless();
    await (await streamOf(untouched.answer)).stream[Symbol.asyncIterator]().return?.();
    await untouched.closed;
  });

  it("by abort() ends the loop without an error", async () => {
    const { answer, closed } = endless();
    const { stream } = await streamOf(answer);
    for await (const _chunk of stream) stream.abort();
    await closed;
  });

  it("by the signal closes the connection and throws an AbortedError", async () => {
    const { answer, closed } = endless();
    const controller = new AbortController();
    const { stream } = await streamOf(answer, { signal: controller.signal });
    const reading = (async () => {
      for await (const _chunk of stream) controller.abort();
    })();
    await expect(reading).rejects.toBeInstanceOf(AbortedError);
    await closed;
  });
});

describe("a stream that fails", () => {
  const failing =
    (text: string): Answer =>
    (response) => {
      openStream(response, { "x-request-id": "req-5" });
      response.end(chunkEvent("a") + text);
    };
  const error = { message: "The worker was lost.", type: "server_error", param: null, code: "worker_lost" };

  it.each([
    ["an error event", `data: ${JSON.stringify({ error })}\n\n`, "worker_lost"],
    ["a named error event", 'event: error\ndata: {"message":"x"}\n\n', undefined],
    ["no end marker", "", "stream_truncated"],
    ["an event that is not JSON", "data: {\n\n", "invalid_event"],
  ])("by %s throws a StreamError after what came before", async (_name, text, code) => {
    const { stream, server } = await streamOf(failing(text));
    const chunks = stream[Symbol.asyncIterator]();
    expect((await chunks.next()).value?.choices[0]?.delta.content).toBe("a");
    const thrown = await chunks.next().catch((caught: unknown) => caught);
    expect(thrown).toBeInstanceOf(StreamError);
    expect(thrown).toMatchObject({ code, status: 200, requestId: "req-5" });
    expect(await chunks.next()).toEqual({ done: true, value: undefined });
    expect(server.seen).toHaveLength(1);
  });

  it("because the connection broke throws a ConnectionError and is not tried again", async () => {
    const { stream, server } = await streamOf((response) => {
      openStream(response);
      response.write(chunkEvent("a"), () => response.destroy());
    });
    await expect(stream.toText()).rejects.toThrow(ConnectionError);
    expect(server.seen).toHaveLength(1);
  });

  it("by silence throws a TimeoutError, where comments count as life", async () => {
    const { stream } = await streamOf(
      (response) => {
        openStream(response);
        let beats = 0;
        const beat = setInterval(() => {
          response.write(": keepalive\n\n");
          if (++beats === 8) {
            clearInterval(beat);
            response.write(chunkEvent("late"));
          }
        }, 100);
      },
      { timeoutMs: 600 },
    );
    const chunks = stream[Symbol.asyncIterator]();
    expect((await chunks.next()).value?.choices[0]?.delta.content).toBe("late");
    await expect(chunks.next()).rejects.toBeInstanceOf(TimeoutError);
  });
});
