import { createSocket } from "node:dgram";
import { silentLog } from "@muster/base";
import { discoveryType, noticeFromTxt, openMdnsSocket } from "@muster/proto";
import { Bonjour } from "bonjour-service";
import { expect, it, onTestFinished } from "vitest";
import { createBonjourAdvertiser } from "./advertise.ts";

/** Multicast over the loopback interface, on a port of our own. */
const loopback = { name: "lo", address: "127.0.0.1", netmask: "255.0.0.0", family: "IPv4" as const };

async function freePort(): Promise<number> {
  const socket = createSocket("udp4");
  await new Promise<void>((resolve) => socket.bind(0, "127.0.0.1", resolve));
  const { port } = socket.address();
  await new Promise<void>((resolve) => socket.close(resolve));
  return port;
}

it("an orchestrator is found while it runs, and says goodbye", async () => {
  const mdnsPort = await freePort();
  const listener = new Bonjour(await openMdnsSocket(loopback.address, mdnsPort));
  onTestFinished(() => new Promise<void>((resolve) => listener.destroy(() => resolve())));
  const browser = listener.find({ type: discoveryType });
  const up = new Promise<{ txt?: unknown; port: number }>((resolve) => browser.once("up", resolve));
  const down = new Promise((resolve) => browser.once("down", resolve));

  const advertiser = createBonjourAdvertiser({ log: silentLog, networks: [loopback], mdnsPort });
  const notice = { id: "orc-1", name: "Muster on lab", version: "1", port: 11_501, needsInvitation: true };
  await advertiser.start({ ...notice, host: undefined });
  const { txt, port } = await up;
  expect(noticeFromTxt(txt, port)).toEqual({ ...notice, host: "127.0.0.1", protocols: { min: 1, max: 1 } });
  await advertiser.close();
  await down;
});

it("an orchestrator whose network cannot be joined goes on without being found", async () => {
  const nowhere = { ...loopback, address: "203.0.113.9" };
  const advertiser = createBonjourAdvertiser({
    log: silentLog,
    networks: [nowhere],
    mdnsPort: await freePort(),
  });
  const notice = {
    id: "orc-1",
    name: "lab",
    version: "1",
    host: "192.0.2.77",
    port: 1,
    needsInvitation: true,
  };
  await advertiser.start(notice);
  await advertiser.close();
});
