import { type ChannelCredentials, credentials } from "@grpc/grpc-js";
import { serverName } from "@muster/proto";
import type { Identity } from "../../core/identity.ts";

/** For a channel to an orchestrator: its certificate says who it is, and its address says nothing. */
export const secureOptions = {
  "grpc.ssl_target_name_override": serverName,
  "grpc.default_authority": serverName,
  // Each dial is a connection of its own, made with the certificate of now.
  "grpc.use_local_subchannel_pool": 1,
  // A proxy for the web is not for the office's own machines.
  "grpc.enable_http_proxy": 0,
};

/** What a channel needs; undefined: the orchestrator is on this machine's loopback, and nobody proves anything. */
export function channelFor(identity: Identity | undefined): {
  readonly credentials: ChannelCredentials;
  readonly options: Partial<typeof secureOptions>;
} {
  if (identity === undefined) return { credentials: credentials.createInsecure(), options: {} };
  const { authorities, key, certificate } = identity;
  const trusted = Buffer.from(authorities.join("\n"));
  return {
    credentials: credentials.createSsl(trusted, Buffer.from(key), Buffer.from(certificate)),
    options: secureOptions,
  };
}
