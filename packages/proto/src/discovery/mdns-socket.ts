import { createSocket, type Socket } from "node:dgram";
import { networkInterfaces } from "node:os";

export interface NetworkAddress {
  readonly name: string;
  readonly address: string;
  readonly netmask: string;
  readonly family: "IPv4" | "IPv6";
}

const group = "224.0.0.251";
const mdnsPort = 5353;
/** A machine with more networks than this has most of them for itself. */
const maxInterfaces = 8;

/** The addresses of this machine that others can reach. */
export function networkAddresses(): readonly NetworkAddress[] {
  return Object.entries(networkInterfaces()).flatMap(([name, addresses = []]) =>
    addresses
      .filter(({ internal, address }) => !internal && !address.startsWith("fe80:"))
      .map(({ address, netmask, family }) => ({ name, address, netmask, family })),
  );
}

/** One IPv4 address of each network that this machine is in: multicast goes out by one at a time. */
export function multicastAddresses(addresses = networkAddresses()): readonly NetworkAddress[] {
  const byName = new Map<string, NetworkAddress>();
  for (const address of addresses)
    if (address.family === "IPv4" && !byName.has(address.name)) byName.set(address.name, address);
  return [...byName.values()].slice(0, maxInterfaces);
}

/** What multicast-dns takes in place of a socket that it would open itself. */
export interface MdnsSocketOptions {
  readonly socket: Socket;
  readonly bind: false;
  readonly port: number;
}

/**
 * Joins the group of multicast DNS in the network of one address. Opened here, and not by the library, so that a port
 * that is taken rejects, where it would end the process.
 */
export async function openMdnsSocket(
  interfaceAddress: string,
  port: number = mdnsPort,
): Promise<MdnsSocketOptions> {
  const socket = createSocket({ type: "udp4", reuseAddr: true });
  try {
    await new Promise<void>((resolve, reject) => {
      socket.once("error", reject);
      socket.bind(port, "0.0.0.0", () => {
        socket.off("error", reject);
        resolve();
      });
    });
    socket.addMembership(group, interfaceAddress);
    socket.setMulticastInterface(interfaceAddress);
    socket.setMulticastTTL(255);
    socket.setMulticastLoopback(true);
  } catch (error) {
    socket.close();
    throw error;
  }
  // A network that goes away is no reason to end: nothing is found there, that is all.
  socket.on("error", () => {});
  return { socket, bind: false, port };
}
