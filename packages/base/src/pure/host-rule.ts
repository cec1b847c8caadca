import { type AddressKind, addressKind } from "./host-address.ts";
import { MusterError } from "./muster-error.ts";

/** Hosts that the configuration allows to be connected to: one host, or all below one. */
export interface HostRule {
  /** As URLs have it: lower case, in ASCII, IPv6 in brackets. */
  readonly host: string;
  readonly isWildcard: boolean;
  /** Undefined: the port of the URL's scheme; `*`: any. */
  readonly port: string | undefined;
}

/**
 * `hooks.example.org`, `10.0.0.7:8080`, `10.0.0.7:*`, `*.example.org`. Throws `invalid_request` for what is none of these.
 * @param setting where the entry stands, for whoever has to correct it
 */
export function parseHostRule(entry: string, setting: string): HostRule {
  const isWildcard = entry.startsWith("*.");
  const text = isWildcard ? entry.slice(2) : entry;
  const [, host = "", port] = /^(\[[0-9a-fA-F:.]+\]|[^\s:/?#@[\]*]+)(?::(\d{1,5}|\*))?$/.exec(text) ?? [];
  const address = `http://${port === "*" ? host : text}`;
  const url = host !== "" && URL.canParse(address) ? new URL(address) : undefined;
  // One label alone would be the whole of a top-level domain.
  if (url !== undefined && !(isWildcard && !url.hostname.includes(".")))
    return { host: url.hostname, isWildcard, port };
  throw new MusterError(
    "invalid_request",
    `${setting} has "${entry}": write host, host:port or *.domain, such as hooks.example.org or 10.0.0.7:8080.`,
    { param: setting },
  );
}

/** The first rule that an address falls under. */
export function ruleFor(rules: readonly HostRule[], url: URL): HostRule | undefined {
  return rules.find((rule) => matches(rule, url));
}

function matches({ host, isWildcard, port }: HostRule, url: URL): boolean {
  const isHost = isWildcard ? url.hostname.endsWith(`.${host}`) : url.hostname === host;
  if (!isHost || port === "*") return isHost;
  const portOf = url.port !== "" ? url.port : url.protocol === "https:" ? "443" : "80";
  return port === undefined ? url.port === "" : portOf === port;
}

/** Where a name that somebody has allowed may lead: not to the machine itself, nor to a metadata service. */
const ofNamed: ReadonlySet<AddressKind> = new Set(["public", "private", "shared", "reserved"]);

/**
 * Whether an address may be connected to.
 * @param rule under which its host was allowed; undefined: nobody has named it, and only public addresses count
 */
export function mayConnect(address: string, rule: HostRule | undefined): boolean {
  const kind = addressKind(address);
  if (kind === undefined) return false;
  if (rule === undefined) return kind === "public";
  if (ofNamed.has(kind) || rule.isWildcard) return ofNamed.has(kind);
  // Whoever allows `localhost` means this machine; whoever writes an address means that one.
  return rule.host === "localhost" ? kind === "loopback" : addressKind(rule.host) === kind;
}
