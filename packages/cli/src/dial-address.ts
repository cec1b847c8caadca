import { hostname } from "node:os";
import { join } from "node:path";
import { isEveryAddress } from "@muster/base";

/** What workers elsewhere dial: an address that stands for all of a machine's is no address of it. */
export function dialAddress(fleetAddress: string): string {
  const [, host = "", port] = /^(.*):(\d+)$/.exec(fleetAddress) ?? [];
  return isEveryAddress(host) ? `${hostname()}:${port}` : fleetAddress;
}

/** What clients elsewhere use, by the same rule. */
export function clientUrl(url: string, host: string): string {
  if (!isEveryAddress(host)) return url;
  const { protocol, port } = new URL(url);
  return `${protocol}//${hostname()}:${port}`;
}

/** How clients elsewhere know a certificate of Muster's own; nothing for any other. */
export function howToTrust(config: {
  readonly tls: { readonly kind: string };
  readonly trustDirectory: string;
}): string {
  if (config.tls.kind !== "own") return "";
  const file = join(config.trustDirectory, "ca.crt");
  return `Clients elsewhere know it by ${file}: copy it there, and set NODE_EXTRA_CA_CERTS (Node) or SSL_CERT_FILE (Python, curl).\n`;
}
