import { ipBytes } from "./ip-bytes.ts";

/** What an IP address leads to. */
export type AddressKind =
  | "public"
  /** This machine. */
  | "loopback"
  /** Stands for all addresses of a machine. */
  | "every"
  /** Only what hangs on the same wire; where clouds have their metadata services. */
  | "link-local"
  | "metadata"
  /** The office's own network: RFC 1918, unique local addresses. */
  | "private"
  /** Behind a provider's NAT, and what some VPNs use. */
  | "shared"
  | "multicast"
  /** For documentation, tests, tunnels that nobody needs. */
  | "reserved";

type Network = readonly [address: string, prefix: number, kind: AddressKind];

/** The first that fits counts. */
const networks: readonly Network[] = [
  // Where clouds have put metadata outside of the link-local ranges.
  ["100.100.100.200", 32, "metadata"],
  ["192.0.0.192", 32, "metadata"],
  ["169.254.0.0", 16, "link-local"],
  ["0.0.0.0", 32, "every"],
  // "This network": Linux connects to 0.x.y.z as to this machine.
  ["0.0.0.0", 8, "loopback"],
  ["127.0.0.0", 8, "loopback"],
  ["10.0.0.0", 8, "private"],
  ["172.16.0.0", 12, "private"],
  ["192.168.0.0", 16, "private"],
  ["100.64.0.0", 10, "shared"],
  ["192.0.0.0", 24, "reserved"],
  ["192.0.2.0", 24, "reserved"],
  ["192.88.99.0", 24, "reserved"],
  ["198.18.0.0", 15, "reserved"],
  ["198.51.100.0", 24, "reserved"],
  ["203.0.113.0", 24, "reserved"],
  ["224.0.0.0", 4, "multicast"],
  ["240.0.0.0", 4, "reserved"],
  ["fd00:ec2::254", 128, "metadata"],
  ["::", 128, "every"],
  ["::1", 128, "loopback"],
  ["fe80::", 10, "link-local"],
  // Site-local: given up in 2004, and still routed by some.
  ["fec0::", 10, "private"],
  ["fc00::", 7, "private"],
  ["ff00::", 8, "multicast"],
  ["64:ff9b:1::", 48, "private"],
  // Teredo: the IPv4 address in it is hidden.
  ["2001::", 32, "reserved"],
  ["2001:db8::", 32, "reserved"],
  ["3fff::", 20, "reserved"],
  ["100::", 64, "reserved"],
];

const read = networks.map(([address, prefix, kind]) => ({ bytes: ipBytes(address) ?? [], prefix, kind }));

/** IPv6 in which an IPv4 address travels, and where in it that is: it counts as that address. */
const embeddings = (
  [
    ["::ffff:0:0", 96, 12],
    // Stateless translation (RFC 2765).
    ["::ffff:0:0:0", 96, 12],
    // Long given up, and still connected to by some systems.
    ["::", 96, 12],
    ["64:ff9b::", 96, 12],
    ["2002::", 16, 2],
  ] as const
).map(([address, prefix, at]) => ({ bytes: ipBytes(address) ?? [], prefix, at }));

/** What an address leads to; undefined: it is no IP address. IPv4 inside IPv6 counts as IPv4. */
export function addressKind(text: string): AddressKind | undefined {
  const bytes = ipBytes(text);
  return bytes === undefined ? undefined : kindOf(bytes);
}

function kindOf(bytes: readonly number[]): AddressKind {
  const known = read.find((network) => isIn(bytes, network));
  if (known !== undefined) return known.kind;
  const embedding = embeddings.find((each) => isIn(bytes, each));
  return embedding === undefined ? "public" : kindOf(bytes.slice(embedding.at, embedding.at + 4));
}

function isIn(
  bytes: readonly number[],
  network: { readonly bytes: readonly number[]; readonly prefix: number },
): boolean {
  if (bytes.length !== network.bytes.length) return false;
  return network.bytes.every((byte, at) => {
    const bits = Math.min(Math.max(network.prefix - at * 8, 0), 8);
    const mask = (0xff << (8 - bits)) & 0xff;
    return ((bytes[at] ?? 0) & mask) === (byte & mask);
  });
}

/**
 * Whether a host is this machine, and nobody else's name for it: `localhost`, 127.x.y.z or ::1, with or without
 * brackets. The one rule for listeners, Host headers and addresses of models.
 */
export function isLoopbackHost(host: string): boolean {
  if (host === "localhost") return true;
  const bytes = ipBytes(host);
  if (bytes?.length === 4) return bytes[0] === 127;
  return bytes?.at(-1) === 1 && bytes.slice(0, -1).every((byte) => byte === 0);
}

/** Whether a host stands for all addresses of a machine: `0.0.0.0`, `::`. */
export function isEveryAddress(host: string): boolean {
  return addressKind(host) === "every";
}
