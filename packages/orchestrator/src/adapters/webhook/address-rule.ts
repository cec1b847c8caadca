import { BlockList, isIP } from "node:net";

/** Where a name that was allowed must not lead: metadata services of clouds, and this machine itself. */
const ownNetworks: readonly (readonly [string, number, "ipv4" | "ipv6"])[] = [
  ["0.0.0.0", 8, "ipv4"],
  ["127.0.0.0", 8, "ipv4"],
  ["169.254.0.0", 16, "ipv4"],
  ["224.0.0.0", 3, "ipv4"],
  // Where clouds have put metadata outside of the link-local range.
  ["100.100.100.200", 32, "ipv4"],
  ["fd00:ec2::254", 128, "ipv6"],
  // Link-local IPv4 behind a NAT64 gateway.
  ["64:ff9b::a9fe:0", 112, "ipv6"],
  ["::", 127, "ipv6"],
  ["fe80::", 10, "ipv6"],
  ["ff00::", 8, "ipv6"],
];

const own = new BlockList();
for (const [network, prefix, family] of ownNetworks) own.addSubnet(network, prefix, family);

/** Whether an address may be connected to though only a name was allowed. IPv4 inside IPv6 counts as IPv4. */
export function isOpenAddress(address: string): boolean {
  const family = isIP(address);
  return family !== 0 && !own.check(address, family === 4 ? "ipv4" : "ipv6");
}
