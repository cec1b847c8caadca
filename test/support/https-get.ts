import { request } from "node:https";
import type { TLSSocket } from "node:tls";

export interface HttpsAnswer {
  readonly status: number;
  readonly protocol: string | null;
  /** Of the certificate that was shown. */
  readonly name: string | undefined;
}

/** GET over TLS, on a connection of its own; `ca` is all that is trusted. Rejects with what the handshake says. */
export function httpsGet(
  url: string,
  options: {
    readonly ca: string;
    readonly key?: string;
    /** The name that is checked, whatever the address: certificates made for tests are for localhost. */
    readonly servername?: string;
    readonly maxVersion?: "TLSv1.1" | "TLSv1.2" | "TLSv1.3";
  },
): Promise<HttpsAnswer> {
  const { ca, key, maxVersion } = options;
  return new Promise((resolve, reject) => {
    const asked = request(
      url,
      {
        ca,
        agent: false,
        servername: options.servername ?? "localhost",
        ...(maxVersion === undefined ? {} : { maxVersion, minVersion: maxVersion }),
        ...(key === undefined ? {} : { headers: { authorization: `Bearer ${key}` } }),
      },
      (response) => {
        const socket = response.socket as TLSSocket;
        const name = socket.getPeerCertificate().subject?.CN;
        const answer = { status: response.statusCode ?? 0, protocol: socket.getProtocol(), name };
        response.resume().once("end", () => resolve(answer));
      },
    );
    asked.once("error", reject).end();
  });
}
