const everyAddress = new Set(["0.0.0.0", "[::]", "::"]);

/**
 * The address that an invitation names: what the configuration says (`host` or `host:port`), else where the port is
 * bound; an address that stands for all of a machine's is none that another can dial.
 */
export function advertisedAddress(facts: {
  readonly configured: string | undefined;
  /** `host:port`. */
  readonly bound: string;
  /** Of this machine, as others reach it. */
  readonly networkHost: string | undefined;
}): string {
  const { configured, bound, networkHost } = facts;
  const at = bound.lastIndexOf(":");
  const [host, port] = [bound.slice(0, at), bound.slice(at + 1)];
  if (configured !== undefined) {
    if (/:\d+$/.test(configured) && !/^[0-9a-fA-F]*:[0-9a-fA-F:]*$/.test(configured)) return configured;
    return `${bracketed(configured)}:${port}`;
  }
  if (everyAddress.has(host)) return `${networkHost ?? "127.0.0.1"}:${port}`;
  return bound;
}

function bracketed(host: string): string {
  return host.includes(":") && !host.startsWith("[") ? `[${host}]` : host;
}
