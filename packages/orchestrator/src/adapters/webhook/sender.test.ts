import type { LookupAddress } from "node:dns";
import { createServer, type IncomingHttpHeaders, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { MusterError } from "@muster/base";
import OpenAI from "openai";
import { afterEach, describe, expect, it } from "vitest";
import { createHttpWebhookSender } from "./sender.ts";
import { parseWebhookSecret } from "./signature.ts";

const secret = `whsec_${Buffer.from("a secret of thirty-two bytes 012").toString("base64")}`;
const never = new AbortController().signal;

interface Received {
  readonly method: string | undefined;
  readonly url: string | undefined;
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
}

describe("the webhook sender", () => {
  const servers: Server[] = [];
  afterEach(async () => {
    for (const server of servers.splice(0)) {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    }
  });

  /** A receiver that answers all requests in one way. `silent` answers none. */
  async function receiver(answer: { status: number; location?: string } | "silent") {
    const received: Received[] = [];
    const server = createServer((request, response) => {
      const chunks: Buffer[] = [];
      request.on("data", (chunk: Buffer) => chunks.push(chunk));
      request.on("end", () => {
        const { method, url, headers } = request;
        received.push({ method, url, headers, body: Buffer.concat(chunks).toString() });
        if (answer === "silent") return;
        if (answer.location !== undefined) response.setHeader("location", answer.location);
        response.statusCode = answer.status;
        response.end("x".repeat(1_000_000));
      });
    });
    servers.push(server);
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    return { received, port: (server.address() as AddressInfo).port };
  }

  const messageTo = (url: string) => ({
    url,
    id: "evt_1",
    atSeconds: Math.floor(Date.now() / 1000),
    body: JSON.stringify({ id: "evt_1", object: "event", type: "batch.completed", data: { id: "batch_ä" } }),
  });

  it("sends what OpenAI's client takes for genuine", async () => {
    const { received, port } = await receiver({ status: 204 });
    const sender = createHttpWebhookSender({ hosts: [`127.0.0.1:${port}`], secret });
    const message = messageTo(`http://127.0.0.1:${port}/hook?x=1`);
    expect(await sender.send(message, never)).toEqual({ kind: "delivered" });
    const [request] = received;
    expect(request).toMatchObject({ method: "POST", url: "/hook?x=1", body: message.body });
    expect(request?.headers).toMatchObject({ "content-type": "application/json", "webhook-id": "evt_1" });

    const { webhooks } = new OpenAI({ apiKey: "unused", webhookSecret: secret });
    const headers = request?.headers as Record<string, string>;
    expect(await webhooks.unwrap(request?.body ?? "", headers)).toMatchObject({
      type: "batch.completed",
      data: { id: "batch_ä" },
    });
    await expect(webhooks.unwrap(`${request?.body} `, headers)).rejects.toThrow("does not match");
    await expect(webhooks.unwrap(request?.body ?? "", { ...headers, "webhook-id": "evt_2" })).rejects.toThrow(
      "does not match",
    );
  });

  it("takes anything but 2xx for a failure, and 410 for the last word", async () => {
    const outcomes: unknown[] = [];
    for (const status of [200, 404, 410, 503]) {
      const { port } = await receiver({ status });
      const sender = createHttpWebhookSender({ hosts: [`127.0.0.1:${port}`], secret });
      outcomes.push(await sender.send(messageTo(`http://127.0.0.1:${port}/`), never));
    }
    expect(outcomes).toEqual([
      { kind: "delivered" },
      { kind: "failed", isFinal: false, reason: "it answered 404" },
      { kind: "failed", isFinal: true, reason: "it answered 410" },
      { kind: "failed", isFinal: false, reason: "it answered 503" },
    ]);
  });

  it("does not follow redirects", async () => {
    const target = await receiver({ status: 200 });
    const { port } = await receiver({ status: 307, location: `http://127.0.0.1:${target.port}/` });
    const hosts = [`127.0.0.1:${port}`, `127.0.0.1:${target.port}`];
    const sender = createHttpWebhookSender({ hosts, secret });
    const outcome = await sender.send(messageTo(`http://127.0.0.1:${port}/`), never);
    expect(outcome).toEqual({ kind: "failed", isFinal: false, reason: "it answered 307" });
    expect(target.received).toEqual([]);
  });

  it("sends nothing to hosts that are not allowed, and nothing unsigned", async () => {
    const { received, port } = await receiver({ status: 200 });
    const url = `http://127.0.0.1:${port}/`;
    const closed = createHttpWebhookSender({ hosts: [], secret });
    expect(closed.refusal(url)).toContain("MUSTER_WEBHOOK_HOSTS");
    expect(await closed.send(messageTo(url), never)).toMatchObject({ kind: "failed", isFinal: true });
    const unsigned = createHttpWebhookSender({ hosts: [`127.0.0.1:${port}`], secret: undefined });
    expect(unsigned.refusal(url)).toContain("MUSTER_WEBHOOK_SECRET");
    expect(await unsigned.send(messageTo(url), never)).toMatchObject({ kind: "failed", isFinal: true });
    expect(createHttpWebhookSender({ hosts: [`127.0.0.1:${port}`], secret }).refusal(url)).toBeUndefined();
    expect(received).toEqual([]);
  });

  describe("connects to the address that it has checked", () => {
    const resolvesTo =
      (...addresses: LookupAddress[]) =>
      (_host: string, done: (error: null, found: readonly LookupAddress[]) => void) =>
        done(null, addresses);
    const here: LookupAddress = { address: "127.0.0.1", family: 4 };

    it("and to none of this machine or of a metadata service", async () => {
      const { received, port } = await receiver({ status: 200 });
      for (const address of [
        here,
        { address: "169.254.169.254", family: 4 },
        { address: "::1", family: 6 },
      ]) {
        const hosts = [`hooks.example.org:${port}`, `*.example.org:${port}`];
        const sender = createHttpWebhookSender({ hosts, secret, resolve: resolvesTo(address) });
        for (const name of ["hooks", "other"]) {
          const outcome = await sender.send(messageTo(`http://${name}.example.org:${port}/`), never);
          expect(outcome).toMatchObject({
            kind: "failed",
            reason: expect.stringContaining("not to be connected"),
          });
        }
      }
      expect(received).toEqual([]);
    });

    it("unless this machine was allowed by name", async () => {
      const { received, port } = await receiver({ status: 200 });
      const hosts = [`localhost:${port}`];
      const sender = createHttpWebhookSender({ hosts, secret, resolve: resolvesTo(here) });
      expect(await sender.send(messageTo(`http://localhost:${port}/`), never)).toEqual({ kind: "delivered" });
      expect(received).toHaveLength(1);
    });
  });

  it("gives up on a receiver that does not answer", async () => {
    const { port } = await receiver("silent");
    const sender = createHttpWebhookSender({ hosts: [`127.0.0.1:${port}`], secret });
    const stop = new AbortController();
    const outcome = sender.send(messageTo(`http://127.0.0.1:${port}/`), stop.signal);
    stop.abort();
    expect(await outcome).toMatchObject({ kind: "failed", isFinal: false });
  });
});

describe("parseWebhookSecret", () => {
  it("takes 24 to 64 bytes", () => {
    for (const length of [24, 32, 64])
      expect(parseWebhookSecret(`whsec_${Buffer.alloc(length, 7).toString("base64")}`)).toHaveLength(length);
  });

  it.each([
    "",
    "secret",
    "whsec_",
    `whsec_${Buffer.alloc(23).toString("base64")}`,
    `whsec_${Buffer.alloc(65).toString("base64")}`,
    Buffer.alloc(32).toString("base64"),
    "whsec_not base64 at all, though long enough!",
  ])("refuses %s, without repeating it", (text) => {
    let thrown: unknown;
    try {
      parseWebhookSecret(text);
    } catch (error) {
      thrown = error;
    }
    const { code, message } = MusterError.from(thrown);
    expect(code).toBe("invalid_request");
    if (text.length > 10) expect(message).not.toContain(text);
  });
});
