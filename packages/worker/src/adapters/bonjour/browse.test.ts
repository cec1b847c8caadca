import { createSocket } from "node:dgram";
import { discoveryType, noticeToTxt, openMdnsSocket } from "@muster/proto";
import { Bonjour } from "bonjour-service";
import { expect, it, onTestFinished } from "vitest";
import { browseOrchestrators } from "./browse.ts";

/** Multicast over the loopback interface, on a port of our own. */
const loopback = { name: "lo", address: "127.0.0.1", netmask: "255.0.0.0", family: "IPv4" as const };

async function freePort(): Promise<number> {
  const socket = createSocket("udp4");
  await new Promise<void>((resolve) => socket.bind(0, "127.0.0.1", resolve));
  const { port } = socket.address();
  await new Promise<void>((resolve) => socket.close(resolve));
  return port;
}

it("finds what a responder publishes, and leaves out what is no notice", async () => {
  const mdnsPort = await freePort();
  const responder = new Bonjour(await openMdnsSocket(loopback.address, mdnsPort));
  onTestFinished(() => new Promise<void>((resolve) => responder.destroy(() => resolve())));
  const protocols = { min: 1, max: 1 };
  const notice = {
    id: "orc-1",
    name: "lab",
    version: "1",
    host: "192.168.1.20",
    protocols,
    needsInvitation: true,
  };
  const publish = (name: string, txt: Record<string, string>) =>
    responder.publish({ name, type: discoveryType, port: 11_501, probe: false, txt });
  publish("lab", noticeToTxt(notice));
  publish("evil", { ...noticeToTxt(notice), host: "x\u001b[2J" });
  publish("empty", {});
  const found = await browseOrchestrators({ forMs: 600, networks: [loopback], mdnsPort });
  expect(found).toEqual([{ ...notice, port: 11_501 }]);
});

it("finds nobody where nobody is, and where a network cannot be joined", async () => {
  const mdnsPort = await freePort();
  const nowhere = { ...loopback, address: "203.0.113.9" };
  expect(await browseOrchestrators({ forMs: 50, networks: [loopback, nowhere], mdnsPort })).toEqual([]);
});
