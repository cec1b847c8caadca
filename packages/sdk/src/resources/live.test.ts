import { describe, expect, it } from "vitest";
import { Muster } from "../client.ts";
import { AuthenticationError, ConnectionError, NotFoundError, StreamError } from "../errors.ts";
import { type Answer, deadUrl, openStream, sendJson, startServer } from "../server.fixture.ts";
import type { LiveEvent } from "./live-types.ts";

const event = (kind: string, data: unknown) => `event: ${kind}\ndata: ${JSON.stringify(data)}\n\n`;
const hello = { version: "0.1.0", orchestrator_id: "orc-1", started_at: 1, interval_seconds: 2 };

async function watched(answer: Answer) {
  const server = await startServer(answer);
  return { server, live: new Muster({ baseUrl: server.url, apiKey: "key-1" }).live };
}

/** Reads until `isEnough`. */
async function read(events: AsyncIterable<LiveEvent>, count: number): Promise<LiveEvent[]> {
  const seen: LiveEvent[] = [];
  for await (const one of events) if (seen.push(one) === count) break;
  return seen;
}

describe("live.watch", () => {
  it("gives events by their kind, wherever they are cut, and passes over what it does not know", async () => {
    const { server, live } = await watched((response) => {
      openStream(response);
      const text = `: hi\n\n${event("hello", hello)}${event("weather", {})}${event("findings", [])}`;
      response.write(text.slice(0, 30), () => response.write(text.slice(30)));
    });
    expect(await read(live.watch({ headers: { "x-desk": "1" } }), 2)).toEqual([
      { kind: "hello", data: hello },
      { kind: "findings", data: [] },
    ]);
    expect(server.seen[0]).toMatchObject({
      method: "GET",
      path: "/cluster/v1/live",
      headers: { authorization: "Bearer key-1", "x-desk": "1" },
    });
  });

  it("connects again where the connection breaks or ends, and says so where it broke", async () => {
    const { live } = await watched((response, _seen, index) => {
      if (index === 1) return void response.destroy();
      openStream(response);
      response.write(event("hello", { ...hello, started_at: index }), () => {
        if (index === 0) response.destroy();
        if (index === 2) response.end();
      });
    });
    const outages: string[] = [];
    const options = { onOutage: ({ name }: Error) => outages.push(name) };
    const starts = (await read(live.watch(options), 3)).map(({ data }) => data as { started_at: number });
    expect(starts.map(({ started_at }) => started_at)).toEqual([0, 2, 3]);
    expect(outages).toEqual(["ConnectionError", "ConnectionError"]);
  });

  it("ends with its signal, without an error, in the midst of silence and before it has begun", async () => {
    const abort = new AbortController();
    const { server, live } = await watched((response) => {
      openStream(response);
      response.write(event("hello", hello));
    });
    const seen: LiveEvent[] = [];
    for await (const one of live.watch({ signal: abort.signal })) {
      seen.push(one);
      setImmediate(() => abort.abort());
    }
    expect(seen).toHaveLength(1);
    for await (const one of live.watch({ signal: abort.signal })) seen.push(one);
    expect(seen).toHaveLength(1);
    expect(server.seen).toHaveLength(1);
  });

  it("is left at once, though nothing comes", async () => {
    const { live } = await watched((response) => openStream(response));
    const events = live.watch()[Symbol.asyncIterator]();
    const waiting = events.next();
    await events.return?.();
    expect(await waiting).toEqual({ done: true, value: undefined });
  });

  it("throws what another try would not change, and an outage that is too long", async () => {
    const refused = await watched((response) =>
      sendJson(response, { error: { message: "No such key." } }, { status: 401 }),
    );
    await expect(read(refused.live.watch(), 1)).rejects.toBeInstanceOf(AuthenticationError);
    const old = await watched((response) =>
      sendJson(response, { error: { message: "No such path." } }, { status: 404 }),
    );
    await expect(read(old.live.watch(), 1)).rejects.toBeInstanceOf(NotFoundError);
    const broken = await watched((response) => {
      openStream(response);
      response.write("event: now\ndata: {\n\n");
    });
    await expect(read(broken.live.watch(), 1)).rejects.toBeInstanceOf(StreamError);
    const gone = new Muster({ baseUrl: await deadUrl() }).live;
    await expect(read(gone.watch({ outageMs: 0 }), 1)).rejects.toBeInstanceOf(ConnectionError);
  });
});

describe("live.history and live.findings", () => {
  it("ask for what is wanted", async () => {
    const { server, live } = await watched((response) => sendJson(response, { object: "list", data: [] }));
    await live.history({ since: 100, points: 10 });
    await live.history();
    await live.findings();
    expect(server.seen.map(({ path }) => path)).toEqual([
      "/cluster/v1/history?since=100&points=10",
      "/cluster/v1/history",
      "/cluster/v1/findings",
    ]);
  });
});
