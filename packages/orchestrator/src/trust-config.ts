import { isIP } from "node:net";
import { join, resolve } from "node:path";
import { type Env, MusterError, readChoice, readInteger, readList, readText } from "@muster/base";

/** How clients' connections are kept from being read. */
export type TlsChoice =
  /** Not said: good for loopback alone. */
  | { readonly kind: "unsaid" }
  /** Plain, and meant so: behind a proxy that has TLS, on a network that is trusted. */
  | { readonly kind: "off" }
  | { readonly kind: "files"; readonly certFile: string; readonly keyFile: string }
  /** A certificate of Muster's own authority, for this machine's names and addresses. */
  | { readonly kind: "own" };

export interface TrustConfig {
  readonly tls: TlsChoice;
  /** By what else clients call this host: for a certificate of Muster's own authority. */
  readonly tlsNames: readonly string[];
  /** Addresses and networks whose X-Forwarded headers count. */
  readonly trustedProxies: readonly string[];
  /** What administrates answers only there; undefined: with everything else. */
  readonly adminListener: { readonly host: string; readonly port: number } | undefined;
  /** Metrics answer only there; undefined: where what administrates does. */
  readonly metricsListener: { readonly host: string; readonly port: number } | undefined;
  /** Keys of this machine, and of its authority. Orchestrators of one cluster share it. */
  readonly trustDirectory: string;
  /** Time for a client to send its headers; another one is for tests. */
  readonly headersTimeoutMs: number;
}

export function readTrustConfig(
  overrides: Partial<TrustConfig>,
  { env, dataDirectory }: { readonly env: Env; readonly dataDirectory: string },
): TrustConfig {
  const trustedProxies = overrides.trustedProxies ?? readList(env, "MUSTER_TRUSTED_PROXIES");
  for (const each of trustedProxies) requireNetwork(each);
  return {
    tls: overrides.tls ?? readTls(env),
    trustedProxies,
    tlsNames: overrides.tlsNames ?? readList(env, "MUSTER_TLS_NAMES"),
    adminListener: overrides.adminListener ?? readListener(env, "MUSTER_ADMIN"),
    metricsListener: overrides.metricsListener ?? readListener(env, "MUSTER_METRICS"),
    headersTimeoutMs: overrides.headersTimeoutMs ?? 20_000,
    trustDirectory: resolve(
      overrides.trustDirectory ?? readText(env, "MUSTER_TRUST_DIR") ?? join(dataDirectory, "trust"),
    ),
  };
}

/** Throws `invalid_request` where others could listen in, and nobody has said that they may. */
export function checkTls(
  { tls, adminListener, metricsListener }: TrustConfig,
  { host, isLoopback }: { readonly host: string; readonly isLoopback: (host: string) => boolean },
): void {
  if (tls.kind !== "unsaid") return;
  const hosts = [host, adminListener?.host, metricsListener?.host];
  const open = hosts.find((each) => each !== undefined && !isLoopback(each));
  if (open === undefined) return;
  throw new MusterError(
    "invalid_request",
    `"${open}" is an address that others can reach: say how their connections are encrypted. MUSTER_TLS=own (--tls own) for a certificate of Muster's own; MUSTER_TLS_CERT and MUSTER_TLS_KEY (--tls-cert, --tls-key) for files that you have; MUSTER_TLS=off (--tls off) for none, behind a proxy that has TLS or on a network that you trust.`,
    { param: "MUSTER_TLS" },
  );
}

function readTls(env: Env): TlsChoice {
  return tlsChoice({
    mode: readChoice(env, "MUSTER_TLS", ["own", "off"]),
    certFile: readText(env, "MUSTER_TLS_CERT"),
    keyFile: readText(env, "MUSTER_TLS_KEY"),
  });
}

/** What settings and flags come to. Throws `invalid_request` for two that exclude each other, or half of one. */
function tlsChoice(said: {
  readonly mode: "own" | "off" | undefined;
  readonly certFile: string | undefined;
  readonly keyFile: string | undefined;
}): TlsChoice {
  const { mode, certFile, keyFile } = said;
  if (certFile === undefined && keyFile === undefined)
    return mode === undefined ? { kind: "unsaid" } : { kind: mode };
  if (mode !== undefined)
    throw new MusterError(
      "invalid_request",
      `MUSTER_TLS is "${mode}", and there are MUSTER_TLS_CERT or MUSTER_TLS_KEY as well: set one or the other.`,
      { param: "MUSTER_TLS" },
    );
  if (certFile === undefined || keyFile === undefined) {
    const [missing, there] =
      certFile === undefined ? ["MUSTER_TLS_CERT", "MUSTER_TLS_KEY"] : ["MUSTER_TLS_KEY", "MUSTER_TLS_CERT"];
    throw new MusterError(
      "invalid_request",
      `${there} is set, and ${missing} is not: a certificate needs both.`,
      {
        param: missing,
      },
    );
  }
  return { kind: "files", certFile: resolve(certFile), keyFile: resolve(keyFile) };
}

/** A listener of its own: `<prefix>_PORT`, and `<prefix>_HOST` where it is not on loopback. */
function readListener(
  env: Env,
  prefix: "MUSTER_ADMIN" | "MUSTER_METRICS",
): { readonly host: string; readonly port: number } | undefined {
  const port = readInteger(env, `${prefix}_PORT`, { min: 0, max: 65_535 });
  const host = readText(env, `${prefix}_HOST`);
  if (port !== undefined) return { host: host ?? "127.0.0.1", port };
  if (host === undefined) return undefined;
  throw new MusterError("invalid_request", `${prefix}_HOST is set, and ${prefix}_PORT is not: set both.`, {
    param: `${prefix}_PORT`,
  });
}

function requireNetwork(text: string): void {
  const [address = "", bits, ...more] = text.split("/");
  const family = isIP(address);
  const isMask = bits === undefined || (/^\d{1,3}$/.test(bits) && Number(bits) <= (family === 4 ? 32 : 128));
  if (family !== 0 && isMask && more.length === 0) return;
  throw new MusterError(
    "invalid_request",
    `MUSTER_TRUSTED_PROXIES has "${text}": write addresses or networks, such as 10.0.0.7 or 10.0.0.0/24.`,
    { param: "MUSTER_TRUSTED_PROXIES" },
  );
}
