import { describe, expect, it } from "vitest";
import { Muster, type MusterOptions } from "./client.ts";
import {
  AbortedError,
  AuthenticationError,
  BadRequestError,
  ConnectionError,
  MusterApiError,
  NotFoundError,
  PermissionDeniedError,
  RateLimitError,
  RequestTooLargeError,
  ServerError,
  TimeoutError,
} from "./errors.ts";
import {
  type Answer,
  completion,
  deadUrl,
  openStream,
  question,
  sendJson,
  startServer,
} from "./server.fixture.ts";

async function clientOf(answer: Answer, options: MusterOptions = {}) {
  const server = await startServer(answer);
  return { server, muster: new Muster({ baseUrl: server.url, ...options }) };
}

const soon = { "retry-after-ms": "1" };
const failure = (code: string) => ({
  error: { message: `It is ${code}.`, type: "some_error", param: "model", code },
});

describe("answers", () => {
  it("carry the request's id and the worker, which spreading and JSON leave out", async () => {
    const headers = { "x-request-id": "req-7", "x-muster-worker": "desk-1" };
    const { muster } = await clientOf((response) => sendJson(response, completion, { headers }));
    const answer = await muster.chat.completions.create(question);
    expect(answer.requestId).toBe("req-7");
    expect(answer.worker).toBe("desk-1");
    expect(JSON.parse(JSON.stringify(answer))).toEqual(completion);
    expect({ ...answer }).toEqual(completion);
    expect(answer.usage?.total_tokens).toBe(2);
  });

  it("that are not JSON are an error that asks about the base URL", async () => {
    const { muster, server } = await clientOf((response) =>
      response.writeHead(200, { "content-type": "text/html" }).end("<h1>router</h1>"),
    );
    await expect(muster.models.list()).rejects.toThrow(
      /not answer with JSON but with "text\/html".*base URL/,
    );
    await expect(muster.chat.completions.create({ ...question, stream: true })).rejects.toThrow(
      /not answer with a stream/,
    );
    expect(server.seen).toHaveLength(2);
  });
});

describe("errors", () => {
  it.each([
    [400, BadRequestError],
    [401, AuthenticationError],
    [403, PermissionDeniedError],
    [404, NotFoundError],
    [409, MusterApiError],
    [413, RequestTooLargeError],
    [422, BadRequestError],
    [429, RateLimitError],
    [500, ServerError],
    [503, ServerError],
  ])("%i becomes its class, with what the server said", async (status, kind) => {
    const { muster } = await clientOf(
      (response) => sendJson(response, failure("broken"), { status, headers: { "x-request-id": "req-9" } }),
      { maxRetries: 0 },
    );
    const error = await muster.models.list().catch((thrown: unknown) => thrown);
    expect((error as Error).constructor).toBe(kind);
    expect(error).toMatchObject({
      message: "It is broken.",
      status,
      code: "broken",
      type: "some_error",
      param: "model",
      requestId: "req-9",
      name: kind.name,
    });
  });

  it("without OpenAI's shape name the address and the status", async () => {
    const { muster, server } = await clientOf((response) => response.writeHead(502).end("Bad Gateway"), {
      maxRetries: 0,
    });
    await expect(muster.models.list()).rejects.toThrow(`${server.url}/v1/models answered 502`);
  });

  it("of a server that is not there are connection errors with the system's code", async () => {
    const muster = new Muster({ baseUrl: await deadUrl(), maxRetries: 0 });
    const error = await muster.models.list().catch((thrown: unknown) => thrown);
    expect(error).toBeInstanceOf(ConnectionError);
    expect(error).toMatchObject({ code: "ECONNREFUSED", status: undefined });
    expect((error as Error).message).toMatch(/Cannot reach http:.*\/v1\/models \(ECONNREFUSED\)/);
  });
});

describe("retries", () => {
  it.each([408, 409, 429, 500, 503])("follow %i until the server answers", async (status) => {
    const { muster, server } = await clientOf((response, _seen, index) =>
      index < 2
        ? sendJson(response, failure("busy"), { status, headers: soon })
        : sendJson(response, completion),
    );
    expect((await muster.chat.completions.create(question)).id).toBe("chatcmpl-1");
    expect(server.seen.map(({ body }) => body)).toEqual([question, question, question]);
  });

  it("end after maxRetries with the last error", async () => {
    const { muster, server } = await clientOf((response, _seen, index) =>
      sendJson(response, failure(`busy-${index}`), { status: 503, headers: soon }),
    );
    await expect(muster.models.list({ maxRetries: 3 })).rejects.toMatchObject({ code: "busy-3" });
    expect(server.seen).toHaveLength(4);
  });

  it.each([
    [400, undefined],
    [404, undefined],
    [500, "false"],
  ])("do not follow %i with x-should-retry %s", async (status, said) => {
    const headers = said === undefined ? soon : { ...soon, "x-should-retry": said };
    const { muster, server } = await clientOf((response) =>
      sendJson(response, failure("no"), { status, headers }),
    );
    await expect(muster.models.list()).rejects.toMatchObject({ status });
    expect(server.seen).toHaveLength(1);
  });

  it("follow a connection that broke before the answer, and in the middle of it", async () => {
    const { muster, server } = await clientOf((response, _seen, index) => {
      if (index === 0) response.destroy();
      else if (index === 1) {
        response.writeHead(200, { "content-length": "1000" });
        response.write("{", () => response.destroy());
      } else sendJson(response, completion);
    });
    await muster.chat.completions.create(question);
    expect(server.seen).toHaveLength(3);
  });

  it("also follow when a stream was refused, with the same rules", async () => {
    const { muster, server } = await clientOf((response, _seen, index) => {
      if (index === 0) sendJson(response, failure("busy"), { status: 429, headers: soon });
      else {
        openStream(response);
        response.end("data: [DONE]\n\n");
      }
    });
    await (await muster.chat.completions.create({ ...question, stream: true })).toText();
    expect(server.seen).toHaveLength(2);
  });

  it("stop waiting when the signal fires", async () => {
    const controller = new AbortController();
    const { muster, server } = await clientOf((response) => {
      sendJson(response, failure("busy"), { status: 503, headers: { "retry-after": "50" } });
      response.once("close", () => setImmediate(() => controller.abort(new Error("enough"))));
    });
    const error = await muster.models.list({ signal: controller.signal }).catch((thrown: unknown) => thrown);
    expect(error).toBeInstanceOf(AbortedError);
    expect((error as Error).cause).toMatchObject({ message: "enough" });
    expect(server.seen).toHaveLength(1);
  });
});

describe("timeouts and signals", () => {
  it("a server that says nothing is a TimeoutError, and is left alone", async () => {
    let closed: () => void = () => {};
    const gone = new Promise<void>((resolve) => {
      closed = resolve;
    });
    const { muster, server } = await clientOf((response) => response.once("close", closed));
    await expect(muster.chat.completions.create(question, { timeoutMs: 300 })).rejects.toBeInstanceOf(
      TimeoutError,
    );
    await gone;
    expect(server.seen).toHaveLength(1);
  });

  it("a body that stops in the middle is a TimeoutError too", async () => {
    const { muster } = await clientOf((response) => response.writeHead(200).write("{"), { timeoutMs: 50 });
    await expect(muster.models.list()).rejects.toThrow(/said nothing for 50 ms/);
  });

  it("an aborted call closes its connection", async () => {
    const controller = new AbortController();
    let closed: () => void = () => {};
    const gone = new Promise<void>((resolve) => {
      closed = resolve;
    });
    const { muster } = await clientOf((response) => {
      response.once("close", closed);
      controller.abort();
    });
    await expect(
      muster.chat.completions.create(question, { signal: controller.signal }),
    ).rejects.toBeInstanceOf(AbortedError);
    await gone;
  });

  it("a signal that has fired already sends nothing", async () => {
    const { muster, server } = await clientOf((response) => sendJson(response, completion));
    await expect(muster.models.list({ signal: AbortSignal.abort() })).rejects.toBeInstanceOf(AbortedError);
    expect(server.seen).toHaveLength(0);
  });

  it("leave no listener on the caller's signal", async () => {
    const { muster } = await clientOf((response) => sendJson(response, completion));
    const { signal } = new AbortController();
    let listeners = 0;
    const { addEventListener, removeEventListener } = signal;
    signal.addEventListener = (...args: Parameters<typeof addEventListener>) => {
      listeners++;
      addEventListener.apply(signal, args);
    };
    signal.removeEventListener = (...args: Parameters<typeof removeEventListener>) => {
      listeners--;
      removeEventListener.apply(signal, args);
    };
    await muster.chat.completions.create(question, { signal });
    expect(listeners).toBe(0);
  });
});
