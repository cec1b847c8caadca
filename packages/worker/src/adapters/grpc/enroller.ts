import type { PeerCertificate } from "node:tls";
import { credentials, type ServiceError, status, type VerifyOptions } from "@grpc/grpc-js";
import { MusterError } from "@muster/base";
import { type EnrolClient, loadEnrol, type WireEnrolledRead } from "@muster/proto";
import type { Identity } from "../../core/identity.ts";
import type { Enroller } from "../../ports/enroller.ts";
import { secureOptions } from "./secure-channel.ts";

const callMs = 20_000;

export interface EnrollerOptions {
  readonly makeKey: () => Promise<string>;
  readonly certificateRequest: (key: string) => Uint8Array;
  /** The authority that an invitation pins, when it vouches for who answers there. */
  readonly pinnedAuthority: (address: string, pin: Uint8Array) => Promise<string>;
  /** Once more for the connection that the secret goes to. */
  readonly checkPinned: (certificate: PeerCertificate, pin: Uint8Array) => Error | undefined;
}

/** Asks over TLS without a certificate of its own: the secret, or the signature of the request, says who asks. */
export function createGrpcEnroller(options: EnrollerOptions): Enroller {
  return {
    async join({ address, pin, secret }, { name, version }) {
      const authority = await options.pinnedAuthority(address, pin);
      const key = await options.makeKey();
      const request = Buffer.from(options.certificateRequest(key));
      const ask = { secret: Buffer.from(secret), certificateRequest: request, name, version };
      const verify = {
        checkServerIdentity: (_host: string, shown: PeerCertificate) => options.checkPinned(shown, pin),
      };
      const enrolled = await call({ address, authorities: [authority], verify }, (client, deadline, done) =>
        client.Join(ask, { deadline }, done),
      );
      return identityOf(enrolled, { address, key });
    },
    async renew(identity) {
      const { key } = identity;
      const certificateRequest = Buffer.from(options.certificateRequest(key));
      const enrolled = await call(identity, (client, deadline, done) =>
        client.Renew({ certificateRequest }, { deadline }, done),
      );
      return identityOf(enrolled, identity);
    },
  };
}

type Done = (error: ServiceError | null, value?: WireEnrolledRead) => void;

function call(
  to: Pick<Identity, "address" | "authorities"> & { readonly verify?: VerifyOptions },
  ask: (client: EnrolClient, deadline: number, done: Done) => unknown,
): Promise<WireEnrolledRead> {
  const trusted = credentials.createSsl(Buffer.from(to.authorities.join("\n")), null, null, to.verify);
  const client = new (loadEnrol().Client)(to.address, trusted, secureOptions);
  return new Promise((resolve, reject) => {
    ask(client, Date.now() + callMs, (error, value) => {
      client.close();
      if (value !== undefined && error === null) resolve(value);
      else reject(failure(error, to.address));
    });
  });
}

function identityOf(
  { workerId, name, pool, certificate, authorities }: WireEnrolledRead,
  { address, key }: Pick<Identity, "address" | "key">,
): Identity {
  return { workerId, name, pool, certificate, authorities, address, key };
}

function failure(error: ServiceError | null, address: string): MusterError {
  const reason = error?.details || error?.message || "no answer";
  switch (error?.code) {
    case status.UNAUTHENTICATED:
      return new MusterError("unauthenticated", reason, { cause: error });
    case status.PERMISSION_DENIED:
      return new MusterError("forbidden", reason, { cause: error });
    case status.INVALID_ARGUMENT:
      return new MusterError("invalid_request", reason, { cause: error });
    default:
      return new MusterError("not_ready", `The orchestrator at ${address} did not answer: ${reason}`, {
        cause: error,
      });
  }
}
