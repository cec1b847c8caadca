import { randomUUID } from "node:crypto";
import type { Background, Clock, Lifecycle, Log } from "@muster/base";
import type { OrchestratorConfig } from "./config.ts";
import { placementModel } from "./core/placement/catalogue-models.ts";
import { defaultPlacementPolicy, type PlacementModel } from "./core/placement/fleet-state.ts";
import { place } from "./core/placement/place.ts";
import { planReport, runnable } from "./core/placement/plan-report.ts";
import type { ModelCatalogue } from "./flows/catalogue/model-catalogue.ts";
import type { FleetRegistry } from "./flows/fleet-registry.ts";
import { ClusterCapacity } from "./flows/placement/cluster-capacity.ts";
import { DemandBook } from "./flows/placement/demand-book.ts";
import { ModelPlacer } from "./flows/placement/place-models.ts";
import type { RequestDesk } from "./flows/request-desk.ts";
import type { ServedModels } from "./flows/served-models.ts";
import type { Metrics } from "./ports/metrics.ts";

/** How likely a worker is still lent after this time counts when a model is to go there. */
const stayMs = 3_600_000;
const confirmTimeoutMs = 60_000;
/** Names of single files that are kept in mind. */
const maxByFile = 32;

export interface StartedPlacement {
  readonly placer: ModelPlacer;
  readonly demand: DemandBook;
  readonly capacity: ClusterCapacity;
}

/** Builds what decides which models are loaded where. Nothing is decided before `placer.start`. */
export function createPlacement(deps: {
  readonly config: OrchestratorConfig;
  readonly fleet: FleetRegistry;
  readonly served: ServedModels;
  readonly catalogue: ModelCatalogue;
  readonly requests: RequestDesk;
  /** Lines of batches that are still to be answered, by model. */
  readonly lines: () => ReadonlyMap<string, number>;
  readonly staying: (workerId: string, forMs: number) => number;
  readonly metrics: Metrics;
  readonly clock: Clock;
  readonly log: Log;
  readonly background: Background;
  readonly lifecycle: Lifecycle;
}): StartedPlacement {
  const { config, fleet, served, catalogue, requests, metrics, clock, log, background, lifecycle } = deps;
  const demand = new DemandBook({
    clock,
    requests: () => requests.demand(),
    lines: deps.lines,
    elsewhere: () => served.askedElsewhere(),
    slotsElsewhere: (model) => served.slotsElsewhere(model),
    comingElsewhere: (model) => served.comingElsewhere(model),
  });
  let models: readonly PlacementModel[] | undefined;
  /** One file of a model that was asked for by its own name is a model of its own: `gemma-4-e4b-it:q8_0`. */
  const byFile = new Set<string>();
  const noteName = (name: string) => {
    if (byFile.has(name) || catalogue.find(name)?.variant === undefined) return;
    byFile.add(name);
    const [oldest] = byFile;
    if (byFile.size > maxByFile && oldest !== undefined) byFile.delete(oldest);
    models = undefined;
    placer.poke();
  };
  const asModel = (name: string): PlacementModel[] => {
    const found = catalogue.find(name);
    if (found?.variant === undefined) return [];
    const { entry, variant } = found;
    return [placementModel({ entry: { ...entry, id: name, variants: [variant] }, pin: undefined })];
  };
  /** What the list says of a file is looked up at its first use: later plans know better. */
  const confirm = async (model: string, variant: string) => {
    try {
      await catalogue.confirm(model, variant, AbortSignal.timeout(confirmTimeoutMs));
    } catch (error) {
      log.debug({ model, variant, error: String(error) }, "model file not looked up");
    }
  };
  const placer = new ModelPlacer({
    ...{ fleet, demand, place, runnable, report: planReport, clock, log },
    models: () => {
      models ??= [...catalogue.list().map(placementModel), ...[...byFile].flatMap(asModel)];
      return models;
    },
    policy: defaultPlacementPolicy,
    isOn: config.isPlacing,
    staying: (workerId) => deps.staying(workerId, stayMs),
    newReplicaId: () => `rep-${randomUUID()}`,
    acted: (action) => {
      metrics.placed(action.kind);
      if (action.kind === "load")
        background.run("confirm-variant", () => confirm(action.model, action.variant.id));
    },
  });
  catalogue.notify(() => {
    models = undefined;
    placer.poke();
  });
  lifecycle.onStop("placement", () => placer.stop());
  const capacity = new ClusterCapacity({ placer, served, noteName });
  served.alsoAnnounce((hasOthers) => ({
    asked: demand.here(),
    loadable: placer.loadable(hasOthers ? catalogue.entries().map(({ id }) => id) : []),
    coming: placer.coming(),
  }));
  return { placer, demand, capacity };
}
