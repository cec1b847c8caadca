import { createHash, timingSafeEqual, X509Certificate } from "node:crypto";
import { checkServerIdentity, connect, type DetailedPeerCertificate, type PeerCertificate } from "node:tls";
import { MusterError } from "@muster/base";
import { serverName } from "@muster/proto";

const probeMs = 10_000;
const longestChain = 16;

/**
 * Looks at what answers at an address, and tells it nothing: the self-signed certificate (PEM) that the chain shown there
 * ends in, when that chain holds the authority whose public key has this hash. Throws `forbidden` where it does not.
 */
export async function pinnedAuthority(address: string, pin: Uint8Array): Promise<string> {
  const chain = await shownChain(address);
  const anchor = anchorThroughPin(chain, pin);
  if (anchor === undefined || chain[0]?.checkHost(serverName) !== serverName) throw somebodyElse(address);
  return anchor.toString();
}

/** For a connection that TLS has checked already: undefined where its chain holds the pinned authority. */
export function checkPinned(certificate: PeerCertificate, pin: Uint8Array): Error | undefined {
  const isThere = anchorThroughPin(chainOf(certificate as DetailedPeerCertificate), pin) !== undefined;
  return (
    checkServerIdentity(serverName, certificate) ?? (isThere ? undefined : new Error("another authority"))
  );
}

/** Each one signed by the next, up to a self-signed one, with the pinned authority among them. */
function anchorThroughPin(chain: readonly X509Certificate[], pin: Uint8Array): X509Certificate | undefined {
  let hasPin = false;
  for (const [at, one] of chain.entries()) {
    const above = chain[at + 1] ?? one;
    if (!isNow(one) || !above.ca || !one.checkIssued(above) || !one.verify(above.publicKey)) return undefined;
    hasPin ||= at > 0 && isPinned(one, pin);
    if (above === one) return hasPin ? one : undefined;
  }
  return undefined;
}

function isPinned(certificate: X509Certificate, pin: Uint8Array): boolean {
  const spki = certificate.publicKey.export({ type: "spki", format: "der" });
  const hash = createHash("sha256").update(spki).digest();
  return hash.length === pin.length && timingSafeEqual(hash, pin);
}

/** Clocks of office machines differ. */
const skewMs = 5 * 60_000;

function isNow({ validFrom, validTo }: X509Certificate): boolean {
  const nowMs = Date.now();
  return Date.parse(validFrom) - skewMs <= nowMs && nowMs <= Date.parse(validTo);
}

function somebodyElse(address: string): MusterError {
  return new MusterError(
    "forbidden",
    `What answers at ${address} is not the orchestrator that made this invitation: nothing was told to it. Is the address right, and the line pasted whole? If so, somebody may be in between: tell your administrator.`,
  );
}

/** From its own certificate upwards, as it is shown. Throws `not_ready` where nobody speaks TLS. */
function shownChain(address: string): Promise<readonly X509Certificate[]> {
  const at = address.lastIndexOf(":");
  const host = address.slice(0, at).replace(/^\[|\]$/g, "");
  return new Promise((resolve, reject) => {
    const socket = connect({
      ...{ host, port: Number(address.slice(at + 1)), servername: serverName, ALPNProtocols: ["h2"] },
      // It is looked at below, before anything is said.
      rejectUnauthorized: false,
      minVersion: "TLSv1.3",
      timeout: probeMs,
    });
    const fail = (reason: string, cause?: unknown) => {
      socket.destroy();
      const message = `Nobody at ${address} speaks TLS (${reason}). Does the orchestrator run, and is that its fleet port?`;
      reject(new MusterError("not_ready", message, { cause }));
    };
    socket.once("error", (error) => fail(error.message, error));
    socket.once("timeout", () => fail("no answer"));
    socket.once("secureConnect", () => {
      const chain = chainOf(socket.getPeerCertificate(true));
      socket.destroy();
      resolve(chain);
    });
  });
}

function chainOf(shown: DetailedPeerCertificate): readonly X509Certificate[] {
  const chain: X509Certificate[] = [];
  let one: DetailedPeerCertificate | undefined = shown;
  while (one?.raw !== undefined && chain.length < longestChain) {
    chain.push(new X509Certificate(one.raw));
    one = one.issuerCertificate === one ? undefined : one.issuerCertificate;
  }
  return chain;
}

/** Whether somebody there speaks TLS; nothing is told to them. */
export async function speaksTls(address: string): Promise<boolean> {
  try {
    return (await shownChain(address)).length > 0;
  } catch {
    return false;
  }
}
