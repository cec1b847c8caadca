import type { StartedPlacement } from "./compose-placement.ts";
import type { AttemptTable } from "./flows/attempt-table.ts";
import type { Canary } from "./flows/canary.ts";
import type { EnergyBook } from "./flows/energy-book.ts";
import type { FindingsDesk } from "./flows/findings/findings-desk.ts";
import type { FleetRegistry } from "./flows/fleet-registry.ts";
import type { LaneControl } from "./flows/lane-control.ts";
import type { ServedModels } from "./flows/served-models.ts";
import type { Metrics } from "./ports/metrics.ts";

/** Tells everybody whom it concerns what happens to workers. */
export function tellOfFleet(parts: {
  readonly fleet: FleetRegistry;
  readonly lanes: LaneControl;
  readonly served: ServedModels;
  readonly attempts: AttemptTable;
  readonly findings: FindingsDesk;
  readonly placement: StartedPlacement;
  readonly canary: Canary;
  readonly metrics: Metrics;
  readonly energy: EnergyBook;
}): void {
  const { fleet, lanes, served, attempts, findings, placement, canary, metrics, energy } = parts;
  fleet.notify({
    capacityChanged: (model) => {
      lanes.adjust(model);
      served.announce();
    },
    patienceChanged: (model) => lanes.adjust(model),
    workerLost: (...lost) => {
      attempts.workerLost(...lost);
      findings.workerLost(...lost);
    },
    replicaReady: (...ready) => {
      fleet.expectSpeed(...ready, placement.placer.expectedTokensPerSecond(...ready));
      canary.replicaReady(...ready);
    },
    fleetChanged: (workerId) => {
      canary.fleetChanged(workerId);
      placement.placer.poke();
    },
    loadEnded: ({ model, loadMs }, result) => metrics.loadEnded(model, result, loadMs),
    workerBeat: (workerId) => {
      const worker = fleet.look(workerId);
      if (worker !== undefined) energy.beat(worker);
    },
  });
}
