import { MusterError } from "@muster/base";

/** Hosts that webhooks may be sent to: one host, or all below one. */
export interface WebhookHost {
  /** As URLs have it: lower case, in ASCII, IPv6 in brackets. */
  readonly host: string;
  readonly isWildcard: boolean;
  /** Undefined: the port of the URL's scheme. */
  readonly port: string | undefined;
}

/** `hooks.example.org`, `10.0.0.7:8080`, `*.example.org`. Throws `invalid_request` for what is none of these. */
export function parseWebhookHost(entry: string): WebhookHost {
  const isWildcard = entry.startsWith("*.");
  const text = isWildcard ? entry.slice(2) : entry;
  const [, host = "", port] = /^(\[[0-9a-fA-F:.]+\]|[^\s:/?#@[\]*]+)(?::(\d{1,5}))?$/.exec(text) ?? [];
  const url = host === "" ? undefined : parsedUrl(`http://${text}`);
  // One label alone would be the whole of a top-level domain.
  if (url !== undefined && !(isWildcard && !url.hostname.includes(".")))
    return { host: url.hostname, isWildcard, port };
  throw new MusterError(
    "invalid_request",
    `MUSTER_WEBHOOK_HOSTS has "${entry}": write host, host:port or *.domain, such as hooks.example.org or 10.0.0.7:8080.`,
    { param: "MUSTER_WEBHOOK_HOSTS" },
  );
}

/** The entry that allows an address, or why none does. */
export function allowedBy(
  hosts: readonly WebhookHost[],
  text: string,
): { readonly host: WebhookHost } | { readonly refusal: string } {
  const url = parsedUrl(text);
  if (url === undefined || (url.protocol !== "http:" && url.protocol !== "https:"))
    return { refusal: `"webhook_url" is no http or https URL.` };
  if (url.username !== "" || url.password !== "")
    return {
      refusal: `"webhook_url" has a user name or password in it. Messages are signed: check their signature instead.`,
    };
  const found = hosts.find((host) => matches(host, url));
  if (found !== undefined) return { host: found };
  const wanted = url.port === "" ? url.hostname : url.host;
  return {
    refusal: `"webhook_url" names the host ${wanted.slice(0, 256)}, which webhooks may not be sent to. Whoever runs this service can allow it: MUSTER_WEBHOOK_HOSTS=${wanted.slice(0, 256)}`,
  };
}

function matches({ host, isWildcard, port }: WebhookHost, url: URL): boolean {
  const isHost = isWildcard ? url.hostname.endsWith(`.${host}`) : url.hostname === host;
  const portOf = url.port !== "" ? url.port : url.protocol === "https:" ? "443" : "80";
  return isHost && (port === undefined ? url.port === "" : portOf === port);
}

function parsedUrl(text: string): URL | undefined {
  return URL.canParse(text) ? new URL(text) : undefined;
}
