import type { Clock, Lifecycle, Log } from "@muster/base";
import { startDiscovery } from "./compose-discovery.ts";
import type { OfficeMirror } from "./compose-mirror.ts";
import type { Trust } from "./compose-trust.ts";
import type { OrchestratorConfig } from "./config.ts";
import type { AttemptTable } from "./flows/attempt-table.ts";
import type { FleetRegistry } from "./flows/fleet-registry.ts";
import type { LogShelf } from "./flows/log-shelf.ts";
import { startFleetServer } from "./grpc/fleet-service.ts";
import { version } from "./version.ts";

/** Opens the port that workers dial, and says on the network where it is. */
export async function startFleetPort(deps: {
  readonly config: OrchestratorConfig;
  readonly orchestratorId: string;
  readonly trust: Trust | undefined;
  readonly fleet: FleetRegistry;
  readonly attempts: AttemptTable;
  readonly office: OfficeMirror;
  readonly logs: LogShelf;
  readonly clock: Clock;
  readonly log: Log;
  readonly lifecycle: Lifecycle;
}): Promise<{ readonly address: string }> {
  const { config, orchestratorId, trust, fleet, attempts, office, logs, clock, log, lifecycle } = deps;
  const server = await startFleetServer({
    host: config.fleetHost,
    port: config.fleetPort,
    heartbeatIntervalMs: config.heartbeatIntervalMs,
    ...{ trust, orchestratorId, version, fleet, attempts, logs, clock, log },
    mirror: office.mirror,
    onModelOrdered: (file) => office.known.note(file),
  });
  trust?.serve(server);
  const { address } = server;
  lifecycle.onStop("fleet port", () => {
    fleet.closeAll("the orchestrator is shutting down");
    return server.close();
  });
  await startDiscovery({ config, id: orchestratorId, version, fleetAddress: address, log, lifecycle });
  return { address };
}
