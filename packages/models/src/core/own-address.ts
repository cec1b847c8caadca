import { type AddressKind, addressKind, isLoopbackHost } from "@muster/base";

/** What another machine would not find where this one does. */
const ownKinds: ReadonlySet<AddressKind | undefined> = new Set<AddressKind>([
  ...(["loopback", "every", "link-local", "metadata"] as const),
]);

/**
 * Whether an address leads, as it is written, to the machine that asks for it or to what only that one is linked with:
 * nothing that one machine gets for another. `http:` always does (see `parseModelUri`).
 */
export function isOwnAddress(uri: string): boolean {
  if (!/^https?:/i.test(uri) || !URL.canParse(uri)) return false;
  const { protocol, hostname } = new URL(uri);
  const host = hostname.replace(/\.$/, "");
  if (protocol === "http:" || isLoopbackHost(host) || host.endsWith(".localhost")) return true;
  return ownKinds.has(addressKind(host));
}
