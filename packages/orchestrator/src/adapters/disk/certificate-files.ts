import { createPrivateKey, X509Certificate } from "node:crypto";
import { readFile, stat } from "node:fs/promises";
import { createSecureContext } from "node:tls";
import { type Clock, type Log, MusterError } from "@muster/base";
import { ShownCertificates } from "../../flows/trust/shown-certificates.ts";
import type { CertificatePair, ServerCertificates } from "../../ports/server-certificates.ts";

/** How often the files are looked at: they are replaced every few weeks. */
const lookMs = 10_000;

interface CertificateFiles {
  readonly certFile: string;
  readonly keyFile: string;
  readonly clock: Clock;
  readonly log: Log;
}

/**
 * A certificate and its key from files, which somebody renews: new ones count within seconds, without a restart. Throws
 * `invalid_request` at the start for what cannot be used; later what was good stays until what replaces it is.
 */
export async function openCertificateFiles(files: CertificateFiles): Promise<ServerCertificates> {
  const { clock, log } = files;
  let seen = await stampOf(files);
  let isClosed = false;
  let stop: () => void = () => {};
  const shown = new ShownCertificates(await readPair(files), () => {
    isClosed = true;
    stop();
  });

  const look = async (): Promise<void> => {
    try {
      const stamp = await stampOf(files);
      if (stamp !== seen) {
        const pair = await readPair(files);
        // Taken only with a pair that is good: one file may have been replaced before the other.
        seen = stamp;
        const before = shown.current();
        if (pair.cert !== before.cert || pair.key !== before.key) shown.show(pair);
      }
    } catch (error) {
      log.warn({ error: MusterError.from(error).message }, "the certificate was not renewed");
    }
    schedule();
  };
  const schedule = (): void => {
    if (!isClosed) stop = clock.after(lookMs, () => void look());
  };
  schedule();
  return shown;
}

/** Changes with the files. */
async function stampOf({ certFile, keyFile }: CertificateFiles): Promise<string> {
  const stamps = await Promise.all(
    [certFile, keyFile].map(async (path) => {
      try {
        const { mtimeMs, size, ino } = await stat(path);
        return `${mtimeMs}/${size}/${ino}`;
      } catch (cause) {
        throw unusable(path, MusterError.from(cause).message, cause);
      }
    }),
  );
  return stamps.join(" ");
}

async function readPair({ certFile, keyFile, log }: CertificateFiles): Promise<CertificatePair> {
  const [cert, key] = await Promise.all([readText(certFile), readText(keyFile)]);
  const leaf = parsed(certFile, "certificate", () => new X509Certificate(cert));
  const privateKey = parsed(keyFile, "private key", () => createPrivateKey(key));
  if (!leaf.checkPrivateKey(privateKey)) throw unusable(keyFile, `it is not the key of ${certFile}`);
  parsed(certFile, "chain of certificates", () => createSecureContext({ cert, key }));
  if (Date.parse(leaf.validTo) < Date.now())
    log.warn({ certFile, validTo: leaf.validTo }, "the certificate for clients has expired");
  return { cert, key };
}

async function readText(path: string): Promise<string> {
  try {
    return await readFile(path, "utf8");
  } catch (cause) {
    throw unusable(path, MusterError.from(cause).message, cause);
  }
}

function parsed<T>(path: string, what: string, parse: () => T): T {
  try {
    return parse();
  } catch (cause) {
    throw unusable(path, `it holds no ${what} in PEM`, cause);
  }
}

function unusable(path: string, why: string, cause?: unknown): MusterError {
  return new MusterError("invalid_request", `${path} cannot be used for TLS: ${why}.`, {
    param: "MUSTER_TLS",
    cause,
  });
}
