import { hostname } from "node:os";
import { isEveryAddress, isLoopbackHost, type Lifecycle, type Log } from "@muster/base";
import { createBonjourAdvertiser } from "./adapters/bonjour/advertise.ts";
import type { OrchestratorConfig } from "./config.ts";
import type { Advertiser } from "./ports/advertiser.ts";

/** Lets workers find this orchestrator, where its fleet port can be reached from the network and nobody minds. */
export async function startDiscovery(deps: {
  readonly config: OrchestratorConfig;
  readonly id: string;
  readonly version: string;
  /** `host:port`, as it is bound. */
  readonly fleetAddress: string;
  readonly advertiser?: Advertiser;
  readonly log: Log;
  readonly lifecycle: Lifecycle;
}): Promise<void> {
  const { config, id, version, fleetAddress, log, lifecycle } = deps;
  const { fleetHost, isDiscoverable } = config;
  if (!isDiscoverable || isLoopbackHost(fleetHost)) return;
  const advertiser = deps.advertiser ?? createBonjourAdvertiser({ log });
  lifecycle.onStop("discovery", () => advertiser.close());
  await advertiser.start({
    ...{ id, version, needsInvitation: true },
    name: `Muster on ${hostname()}`,
    host: isEveryAddress(fleetHost) ? undefined : fleetHost,
    port: Number(fleetAddress.slice(fleetAddress.lastIndexOf(":") + 1)),
  });
}
