/** Whether a URL's host names this machine. Takes `URL.hostname` as the URL parser normalises it. */
export function isLoopbackHost(hostname: string): boolean {
  return hostname === "localhost" || hostname === "[::1]" || /^127(?:\.\d{1,3}){3}$/.test(hostname);
}

/** Metadata services of clouds, where these are not link-local. */
const metadataHosts: ReadonlySet<string> = new Set(["100.100.100.200", "[fd00:ec2::254]"]);

/**
 * Whether an address leads, as it is written, to the machine that asks for it or to what only that one is linked with:
 * nothing that one machine gets for another. `http:` always does (see `parseModelUri`).
 */
export function isOwnAddress(uri: string): boolean {
  if (!/^https?:/i.test(uri) || !URL.canParse(uri)) return false;
  const { protocol, hostname } = new URL(uri);
  const host = hostname.replace(/\.$/, "");
  if (protocol === "http:" || isLoopbackHost(host) || metadataHosts.has(host)) return true;
  if (host.endsWith(".localhost") || /^(?:0|169\.254)\.[\d.]+$/.test(host)) return true;
  // Unspecified, link-local, and IPv4 in the clothes of IPv6, which nobody needs.
  return /^\[(?:::\]|fe[89ab][\da-f]:|::ffff:|64:ff9b::)/.test(host);
}
