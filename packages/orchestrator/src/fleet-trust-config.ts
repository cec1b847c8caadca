import { type Env, MusterError, readChoice, readText } from "@muster/base";

/** Who may join the fleet, and how they know it. */
export interface FleetTrustConfig {
  /** `on`: the fleet port wants certificates on loopback too, for a port that is forwarded; `auto`: elsewhere alone. */
  readonly fleetTls: "auto" | "on";
  /** An authority that the office brings: files, PEM. */
  readonly caCertificateFile: string | undefined;
  readonly caKeyFile: string | undefined;
  /** `host` or `host:port` that invitations name; undefined: where the fleet port is bound. */
  readonly fleetAdvertise: string | undefined;
}

const addressPattern = /^(\[[0-9a-fA-F:]+\]|[0-9a-fA-F:]+|[A-Za-z0-9._-]{1,253})(:\d{1,5})?$/;

export function readFleetTrustConfig(overrides: Partial<FleetTrustConfig>, env: Env): FleetTrustConfig {
  if (readText(env, "MUSTER_JOIN_TOKEN") !== undefined) throw joinTokenIsGone("MUSTER_JOIN_TOKEN is set");
  const config: FleetTrustConfig = {
    fleetTls: overrides.fleetTls ?? readChoice(env, "MUSTER_FLEET_TLS", ["auto", "on"] as const) ?? "auto",
    caCertificateFile: overrides.caCertificateFile ?? readText(env, "MUSTER_CA_CERT"),
    caKeyFile: overrides.caKeyFile ?? readText(env, "MUSTER_CA_KEY"),
    fleetAdvertise: overrides.fleetAdvertise ?? readText(env, "MUSTER_FLEET_ADVERTISE"),
  };
  if ((config.caCertificateFile === undefined) !== (config.caKeyFile === undefined)) {
    throw new MusterError(
      "invalid_request",
      "MUSTER_CA_CERT and MUSTER_CA_KEY belong together: set both to files (PEM), or none for an authority of Muster's own.",
      { param: "MUSTER_CA_CERT" },
    );
  }
  if (config.fleetAdvertise !== undefined && !addressPattern.test(config.fleetAdvertise)) {
    throw new MusterError(
      "invalid_request",
      `MUSTER_FLEET_ADVERTISE is "${config.fleetAdvertise}": give host or host:port, as workers dial it.`,
      { param: "MUSTER_FLEET_ADVERTISE" },
    );
  }
  return config;
}

function joinTokenIsGone(what: string): MusterError {
  return new MusterError(
    "invalid_request",
    `${what}, and join tokens are no more: each machine joins with an invitation of its own, and proves who it is with a certificate. Unset it, and run on the orchestrator: muster workers invite --pool desks`,
    { param: "MUSTER_JOIN_TOKEN" },
  );
}
