import { connect, Server, type Socket } from "node:net";
import { type ConnectionOptions, type TLSSocket, connect as tlsConnect } from "node:tls";
import { silentLog, systemClock } from "@muster/base";
import { serverName } from "@muster/proto";
import { expect, it, onTestFinished, vi } from "vitest";
import { createPeculiarIssuer } from "../adapters/peculiar-x509/issuer.ts";
import { openSecurePort } from "./secure-port.ts";

const issuer = createPeculiarIssuer();
const validity = { fromMs: Date.now() - 60_000, untilMs: Date.now() + 60_000 };

async function openPort() {
  const made = async () => {
    const own = await issuer.makeAuthority(validity);
    const ca = { ...own, parents: [], createdAtMs: 0, servesFromMs: 0 };
    const server = await issuer.issueServer(ca, validity);
    return { ...server, chain: [ca.certificate], anchors: [ca.certificate] };
  };
  const identity = await made();
  const sockets: TLSSocket[] = [];
  const port = await openSecurePort({
    ...{ host: "127.0.0.1", port: 0, identity, clock: systemClock, log: silentLog },
    onSocket: (socket) => sockets.push(socket),
  });
  onTestFinished(() => port.close());
  const dial = (options: ConnectionOptions & { readonly localAddress?: string } = {}) =>
    new Promise<string>((resolve, reject) => {
      const socket = tlsConnect(
        {
          ...{ host: "127.0.0.1", port: port.port, servername: serverName, rejectUnauthorized: false },
          ...{ ALPNProtocols: ["h2"], ...options },
        },
        () => {
          const { issuer: shown } = socket.getPeerCertificate();
          socket.destroy();
          resolve(String(shown.CN));
        },
      );
      socket.once("error", reject);
    });
  return { port, dial, sockets, made };
}

it("one address that begins handshakes and does not go on keeps no other out", async () => {
  const { port, dial } = await openPort();
  const silent: Socket[] = [];
  for (let at = 0; at < 40; at++) {
    const socket = connect({ host: "127.0.0.1", port: port.port });
    onTestFinished(() => void socket.destroy());
    await new Promise((resolve) => socket.once("connect", resolve));
    silent.push(socket);
  }
  expect(await dial({ localAddress: "127.0.0.2" })).toContain("Muster authority");
  // Those that leave make room.
  for (const socket of silent) socket.destroy();
  expect(await dial()).toContain("Muster authority");
});

it("what is no TLS, an old one, or another protocol is turned away, and the port goes on", async () => {
  const { port, dial, sockets } = await openPort();
  const plain = connect({ host: "127.0.0.1", port: port.port });
  const isOver = new Promise((resolve) => plain.once("close", resolve));
  plain.write("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n");
  plain.on("error", () => {}).resume();
  await isOver;
  await expect(dial({ maxVersion: "TLSv1.2" })).rejects.toThrow();
  await expect(dial({ ALPNProtocols: ["http/1.1"] })).rejects.toThrow();
  expect(sockets).toEqual([]);
  expect(await dial()).toContain("Muster authority");
});

it("goes on where connections cannot be taken, as without file descriptors", async () => {
  const listen = vi.spyOn(Server.prototype, "listen");
  const { dial } = await openPort();
  const [server] = listen.mock.contexts as Server[];
  listen.mockRestore();
  for (let at = 0; at < 3; at++) server?.emit("error", new Error("accept EMFILE"));
  expect(await dial()).toContain("Muster authority");
});

it("shows another certificate from then on, and leaves what is open alone", async () => {
  const { port, dial, sockets, made } = await openPort();
  const first = await dial();
  const open = tlsConnect({
    ...{ host: "127.0.0.1", port: port.port, servername: serverName, rejectUnauthorized: false },
    ALPNProtocols: ["h2"],
  });
  onTestFinished(() => void open.destroy());
  await new Promise((resolve) => open.once("secureConnect", resolve));
  port.show(await made());
  expect(await dial()).not.toBe(first);
  const echoed = new Promise((resolve) => open.once("data", resolve));
  // The server's side of the one that stays.
  for (const socket of sockets) if (!socket.destroyed) socket.write("still here");
  expect(String(await echoed)).toBe("still here");
});
