import { once } from "node:events";
import { connect, type Socket } from "node:net";
import { ManualClock } from "@muster/base";
import { fastify } from "fastify";
import { describe, expect, it, onTestFinished } from "vitest";
import { refuseSlowBodies } from "./slow-bodies.ts";

const minute = 60_000;
const kib = 1_024;

/** A server with a plain route and one for uploads, and a client that has sent the head of a request for 1 MiB. */
async function start(path: string) {
  const clock = new ManualClock();
  const app = fastify({ requestTimeout: 0, bodyLimit: 2 ** 21, genReqId: () => "req-1" });
  app.addHook("onRequest", async (request) => {
    request.trace = { traceId: "0".repeat(32) };
  });
  refuseSlowBodies(app, clock);
  app.removeAllContentTypeParsers();
  const received = { bytes: 0 };
  app.addContentTypeParser("*", (_request, payload, done) => {
    payload.on("data", (chunk: Buffer) => {
      received.bytes += chunk.length;
    });
    payload.on("end", () => done(null));
  });
  const answer = () => "ok";
  app.post("/plain", answer);
  app.post("/upload", { config: { isUpload: true } }, answer);
  const address = new URL(await app.listen({ host: "127.0.0.1", port: 0 }));
  const socket = connect(Number(address.port), "127.0.0.1");
  onTestFinished(async () => {
    socket.destroy();
    await app.close();
  });
  const ended = answerOf(socket);
  socket.write(
    `POST ${path} HTTP/1.1\r\nhost: x\r\ncontent-length: ${kib * kib}\r\ncontent-type: a/b\r\n\r\n`,
  );
  const send = async (bytes: number) => {
    const goal = received.bytes + bytes;
    socket.write(Buffer.alloc(bytes, "x"));
    while (received.bytes < goal) await new Promise((resolve) => setImmediate(resolve));
  };
  await send(1);
  return { clock, send, ended, socket };
}

async function answerOf(socket: Socket): Promise<string> {
  let answer = "";
  socket.on("data", (chunk: Buffer) => {
    answer += chunk.toString();
    if (answer.startsWith("HTTP/1.1 200")) socket.end();
  });
  await once(socket, "close");
  return answer;
}

describe("the time for a body", () => {
  it("is a minute: then the connection ends with a 408 that says why", async () => {
    const { clock, send, ended } = await start("/plain");
    clock.advance(minute - 1);
    await send(900 * kib);
    clock.advance(1);
    const answer = await ended;
    expect(answer).toMatch(/^HTTP\/1.1 408/);
    expect(answer).toContain("x-request-id: req-1");
    expect(answer).toContain("too long");
  });

  it("is as long as an upload needs, if it comes on", async () => {
    const { clock, send, ended } = await start("/upload");
    for (let i = 0; i < 15; i++) {
      await send(64 * kib);
      clock.advance(minute);
    }
    await send(64 * kib - 1);
    expect(await ended).toMatch(/^HTTP\/1.1 200/);
    clock.advance(10 * minute);
  });

  it("ends for an upload that only drips", async () => {
    const { clock, send, ended } = await start("/upload");
    await send(64 * kib);
    clock.advance(minute);
    await send(63 * kib);
    clock.advance(minute);
    expect(await ended).toMatch(/^HTTP\/1.1 408/);
  });
});
