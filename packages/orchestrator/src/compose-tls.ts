import { type Clock, type Lifecycle, type Log, MusterError } from "@muster/base";
import { openCertificateFiles } from "./adapters/disk/certificate-files.ts";
import type { OrchestratorConfig } from "./config.ts";
import type { ServerCertificates } from "./ports/server-certificates.ts";

/** Makes certificates for clients with Muster's own authority. */
export type OwnCertificates = () => Promise<ServerCertificates>;

/** What the listeners for clients show of themselves; undefined: they are plain. */
export async function openCertificates(deps: {
  readonly config: Pick<OrchestratorConfig, "tls">;
  readonly own: OwnCertificates | undefined;
  readonly clock: Clock;
  readonly log: Log;
  readonly lifecycle: Lifecycle;
}): Promise<ServerCertificates | undefined> {
  const { config, own, clock, log, lifecycle } = deps;
  const certificates = await opened();
  if (certificates !== undefined) lifecycle.onStop("certificates", () => certificates.close());
  return certificates;

  async function opened(): Promise<ServerCertificates | undefined> {
    const { tls } = config;
    switch (tls.kind) {
      case "unsaid":
      case "off":
        return undefined;
      case "files":
        return openCertificateFiles({ ...tls, clock, log });
      case "own":
        if (own !== undefined) return own();
        throw new MusterError(
          "invalid_request",
          "MUSTER_TLS is own, and nothing here can make a certificate: set MUSTER_TLS_CERT and MUSTER_TLS_KEY.",
          { param: "MUSTER_TLS" },
        );
      default:
        return tls satisfies never;
    }
  }
}
